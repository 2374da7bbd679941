import { normaliseAddress } from '../accounts/model.ts';
import { cellText } from './meeting-file-times.ts';

/** A name as a meeting tool wrote it, and what it says beside the name. */
export type WrittenName = {
  name: string;
  /** The name before somebody changed it for the meeting (Zoom: “Name (Original Name)”); empty where there is none. */
  otherName: string;
  isGuest: boolean;
  /** The tool named a device: `iPhone (First Last)`. `name` is the person’s, where it says one. */
  isDevice: boolean;
};

/** No name is longer, in characters. */
const longestName = 200;

const guestWords = new Set(
  'guest unverified external extern externo externa externe esterno gast convidado convidada invitado invitada invite invitee ospite org anonymous nichtuberpruft nichtverifiziert naoverificado nonverifie sinverificar noverificado nonverificato nietgeverifieerd ゲスト 未確認 外部 来宾 來賓 访客 訪客 未验证 未驗證 게스트'
    .split(' ')
    .map(folded),
);
const hostWords = new Set(['host', 'cohost', 'me', 'organizer', 'organiser', 'presenter', 'you']);

const device =
  /^(?:iphone|ipad|ipod|android|galaxy|samsung|huawei|honor|xiaomi|redmi|oppo|vivo|oneplus|pixel|macbook|imac|laptop|desktop|tablet|phone|mobile|surface|thinkpad|chromebook|zoom user|sm-\w+)\b/i;

function folded(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
    .normalize('NFC');
}

/**
 * The name in a cell: without what cannot be seen, marks such as “(Guest)” and the name of a device, in at most 200
 * characters. `hasOriginal`: the heading promises the original name in brackets.
 */
export function writtenName(cell: string, hasOriginal: boolean): WrittenName {
  let name = cellText(cell.slice(0, 600))
    .normalize('NFC')
    .replaceAll('（', ' (')
    .replaceAll('）', ')')
    .trim();
  let isGuest = false;
  for (let bracket = lastBracket(name); bracket; bracket = lastBracket(name)) {
    const word = folded(bracket.inside);
    if (!bracket.before || !(guestWords.has(word) || hostWords.has(word))) break;
    isGuest ||= guestWords.has(word);
    name = bracket.before;
  }
  const owned = ownerOf(name);
  if (owned !== undefined) return { name: shortened(owned || name), otherName: '', isGuest, isDevice: true };
  const bracket = hasOriginal ? lastBracket(name) : undefined;
  if (!bracket?.before) return { name: shortened(name), otherName: '', isGuest, isDevice: false };
  return { name: shortened(bracket.before), otherName: shortened(bracket.inside), isGuest, isDevice: false };
}

/** The brackets at the end of a text and what stands before them. */
function lastBracket(text: string): { before: string; inside: string } | undefined {
  const from = text.lastIndexOf('(');
  if (from < 0 || !text.endsWith(')')) return undefined;
  return { before: text.slice(0, from).trim(), inside: text.slice(from + 1, -1).trim() };
}

/** Whose device it is: empty where it does not say; undefined where the text names no device. */
function ownerOf(text: string): string | undefined {
  const bracket = lastBracket(text);
  if (bracket && device.test(bracket.before)) return bracket.inside;
  if (bracket?.before && device.test(bracket.inside)) return bracket.before;
  const possessive = /^(.{1,100})['’]s (.{1,60})$/.exec(text);
  if (possessive && device.test(possessive[2]!)) return possessive[1]!;
  if (!device.test(text)) return undefined;
  return (
    /^\S{1,30} (?:de|von|van|di|do|da) (.{1,100})$/i.exec(text)?.[1] ??
    (deviceOnly.test(text) ? '' : undefined)
  );
}

/** Nothing but a device and its model: “iPhone 15 Pro”, and no “Pixel Sample”. */
const deviceOnly =
  /^[\w-]{1,30}(?: ?(?:[a-z]{0,3}-?\d\w{0,6}|pro|max|plus|mini|air|ultra|user|note|tab|phone|galaxy)){0,4}$/i;

function shortened(name: string): string {
  if (name.length <= longestName) return name;
  return [...name].slice(0, longestName).join('').trim();
}

/**
 * The address in a cell, as addresses are stored; empty where there is none. That of a guest in a Teams directory
 * (`ana_school.example#EXT#@tenant`) is their own.
 */
export function writtenAddress(cell: string): string {
  const text = cellText(cell).replace(/^mailto:/i, '');
  if (!text.includes('@') || text.length > 254) return '';
  const guest = /^([^@\s]{1,200})_([^_@\s]{1,200})#ext#@/i.exec(text);
  const address = guest ? `${guest[1]}@${guest[2]}` : text;
  if (!/^[^\s@<>"]{1,128}@[^\s@<>"]{1,253}$/.test(address)) return '';
  return normaliseAddress(address);
}
