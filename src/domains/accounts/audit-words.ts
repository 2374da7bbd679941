import type { AuditDetail } from '../audit/model.ts';
import { type SuspensionReason, suspensionReasonNames } from './people-words.ts';
import { roleNames } from './role-words.ts';

/** An action as people read it: `activation-link.rotated` is “Activation link rotated”. */
export function actionWords(action: string): string {
  return capitalised(action.replace('.', ' ').replaceAll('-', ' '));
}

/**
 * What was changed, as pairs of label and value. Ids are named by `names`; those of things that are gone stay ids. What the
 * row itself says already (an empty scope) is left out.
 */
export function detailWords(detail: AuditDetail, names: ReadonlyMap<string, string>): [string, string][] {
  return Object.entries(detail)
    .filter(([, value]) => value !== '' && value !== null && !(Array.isArray(value) && value.length === 0))
    .map(([key, value]) => [labels[key] ?? capitalised(keyWords(key)), valueWords(key, value, names)]);
}

/** Where staff see the thing; undefined for kinds without a page. */
export function subjectHref(subjectType: string, subjectId: string): string | undefined {
  const pages: Record<string, string> = {
    user: '/staff/people',
    school: '/staff/schools',
    application: '/staff/applications',
    enquiry: '/staff/enquiries',
    mail: '/staff/outbox',
    'live-session': '/live-sessions',
    release: '/staff/publishing/releases',
    'planned-change': '/staff/publishing/planned',
    commit: '/staff/publishing/history',
    content: '/staff/publishing/entry',
  };
  return Object.hasOwn(pages, subjectType) ? `${pages[subjectType]}/${subjectId}` : undefined;
}

const labels: Readonly<Record<string, string>> = {
  scopeId: 'Of',
  endedLoginSessions: 'Sign-ins ended',
};

function valueWords(key: string, value: AuditDetail[string], names: ReadonlyMap<string, string>): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return value.toLocaleString('en-GB');
  if (typeof value !== 'string') return (value ?? []).map((one) => wordsOrName(one, names)).join(', ');
  if (key === 'role' && Object.hasOwn(roleNames, value)) return roleNames[value as keyof typeof roleNames];
  if (key === 'reason' && Object.hasOwn(suspensionReasonNames, value))
    return suspensionReasonNames[value as SuspensionReason];
  return wordsOrName(value, names);
}

/** The name of an id, the end of an id that has none, the words of a field’s name; any other text as it is. */
function wordsOrName(value: string, names: ReadonlyMap<string, string>): string {
  const name = names.get(value);
  if (name !== undefined) return name;
  if (/^[a-z]+_[0-9a-f]{32}$/.test(value)) return `${value.slice(0, value.indexOf('_'))} …${value.slice(-6)}`;
  return /^[a-z]+(?:[A-Z][a-z]+)+$/.test(value) ? keyWords(value) : value;
}

/** `membershipEndsOn` as `membership ends on`, `linkId` as `link`. */
function keyWords(key: string): string {
  return key
    .replace(/(?:Ids?)$/, '')
    .replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .replaceAll('-', ' ');
}

const capitalised = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
