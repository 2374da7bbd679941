import type { Block, Inline, MailFooter } from './blocks.ts';
import { checkedHref, linesOf, oneLine } from './safe-text.ts';

/**
 * Colours of the site (`ui/styles/tokens.css`), written out because mail programs know no custom properties. Light ones
 * stand in each element, since many programs drop style sheets; the sheet only holds what must change in the dark.
 */
const light = {
  ground: '#f6efe6',
  paper: '#fffcf6',
  ink: '#2b1436',
  soft: '#5f4a68',
  line: '#e4d9d3',
  link: '#7a1f5c',
  marigold: '#f9b62f',
};
const dark = {
  ground: '#130a19',
  paper: '#1a0f21',
  ink: '#f5ecf2',
  soft: '#c3b2cb',
  line: '#43304f',
  link: '#f7b9dc',
};

const sans = "Figtree,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const serif = "Georgia,'Times New Roman',serif";

const sheet = `
:root{color-scheme:light dark;supported-color-schemes:light dark}
@media (max-width:480px){.edge{padding-left:22px!important;padding-right:22px!important}.outer{padding:0!important}.fact{display:block!important;width:auto!important;padding-right:0!important}.fact-label{padding-bottom:0!important}.fact-value{border-top:0!important;padding-top:0!important}}
@media (prefers-color-scheme:dark){.ground{background:${dark.ground}!important}.paper{background:${dark.paper}!important}.ink{color:${dark.ink}!important}.soft{color:${dark.soft}!important}.link{color:${dark.link}!important}.line{border-color:${dark.line}!important}}
`;

/** A whole HTML document that reads in Gmail, Outlook and Apple Mail, asks nothing of any server, and needs no style sheet. */
export function htmlOf(subject: string, preview: string, blocks: Block[], footer: MailFooter): string {
  return `<!doctype html>
<html lang="en" dir="ltr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no,date=no,address=no,email=no">
<title>${escaped(subject)}</title>
<style>${sheet}</style>
</head>
<body class="ground" style="margin:0;padding:0;background:${light.ground};-webkit-text-size-adjust:100%">
<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">${escaped(preview)}${'&#8199;&#847; '.repeat(60)}</div>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" class="ground" style="background:${light.ground}">
<tr><td align="center" class="outer" style="padding:32px 12px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" class="paper" style="max-width:600px;background:${light.paper}">
<tr><td>${strip}</td></tr>
<tr><td class="edge link" style="padding:26px 44px 0;font:400 20px/1.2 ${serif};letter-spacing:-.02em;color:${light.link}">${escaped(footer.siteName)}</td></tr>
<tr><td class="edge" style="padding:28px 44px 24px">
${blocks.map((block, index) => blockHtml(block, index === 0)).join('\n')}
</td></tr>
<tr><td class="edge" style="padding:0 44px 36px">
${footerHtml(footer)}
</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
`;
}

/** The three colours of the sign, as a line: programs that know no rounded corners show it all the same. */
const strip = `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr>${[
  ['45%', light.marigold],
  ['10%', '#7b3490'],
  ['45%', '#e8583d'],
]
  .map(
    ([width, colour]) =>
      `<td width="${width}" height="6" bgcolor="${colour}" style="height:6px;font-size:0;line-height:0">&#8203;</td>`,
  )
  .join('')}</tr></table>`;

const bodyFont = `font:400 17px/1.6 ${sans};color:${light.ink};overflow-wrap:break-word`;
const smallFont = `font:400 14px/1.55 ${sans};color:${light.soft};overflow-wrap:break-word`;

function blockHtml(block: Block, first: boolean): string {
  if ('heading' in block) return headingHtml(block.heading, first);
  if ('paragraph' in block)
    return `<p class="ink" style="margin:0 0 18px;${bodyFont}">${inlineHtml(block.paragraph)}</p>`;
  if ('button' in block) return buttonHtml(block.button, block.href);
  if ('list' in block) return listHtml('ul', block.list);
  if ('steps' in block) return listHtml('ol', block.steps);
  if ('quote' in block)
    return `<blockquote class="ink" style="margin:0 0 20px;padding:2px 0 2px 18px;border-left:4px solid ${light.marigold};${bodyFont}">${linesOf(block.quote).map(escaped).join('<br>')}</blockquote>`;
  if ('facts' in block) return factsHtml(block.facts);
  return `<p class="soft" style="margin:0 0 16px;${smallFont}">${inlineHtml(block.small)}</p>`;
}

function headingHtml(heading: string, first: boolean): string {
  const [tag, size, margin] = first ? ['h1', '30px/1.18', '0 0 18px'] : ['h2', '21px/1.25', '30px 0 12px'];
  return `<${tag} class="ink" style="margin:${margin};font:400 ${size} ${serif};letter-spacing:-.012em;color:${light.ink};overflow-wrap:break-word">${escaped(oneLine(heading))}</${tag}>`;
}

/** Outlook ignores the padding of links, so there the cell brings its own. */
function buttonHtml(label: string, href: string): string {
  const address = escaped(checkedHref(href));
  return `<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:8px 0 14px"><tr><td bgcolor="${light.marigold}" style="border-radius:26px;mso-padding-alt:14px 28px"><a href="${address}" style="display:inline-block;padding:14px 28px;font:700 17px/1.25 ${sans};color:${light.ink};text-decoration:none;border-radius:26px">${escaped(oneLine(label))}</a></td></tr></table>
<p class="soft" style="margin:0 0 24px;${smallFont}">Does the button not work? Copy this address into your browser:<br><a href="${address}" class="link" style="color:${light.link};word-break:break-all">${address}</a></p>`;
}

function listHtml(tag: 'ul' | 'ol', items: (Inline | Inline[])[]): string {
  const rows = items.map((item) => `<li style="margin:0 0 8px;padding-left:4px">${inlineHtml(item)}</li>`);
  return `<${tag} class="ink" style="margin:0 0 20px;padding:0 0 0 24px;${bodyFont}">${rows.join('')}</${tag}>`;
}

function factsHtml(facts: [label: string, value: string][]): string {
  const cell = `text-align:left;vertical-align:top;border-top:1px solid ${light.line}`;
  const rows = facts.map(
    ([label, value]) =>
      `<tr><th scope="row" class="fact fact-label soft line" style="width:32%;padding:10px 16px 10px 0;${smallFont};font-weight:400;${cell}">${escaped(oneLine(label))}</th><td class="fact fact-value ink line" style="padding:8px 0 10px;${bodyFont};font-size:16px;${cell}">${escaped(oneLine(value))}</td></tr>`,
  );
  return `<table width="100%" cellpadding="0" cellspacing="0" class="line" style="margin:0 0 24px;border-collapse:collapse;border-bottom:1px solid ${light.line}">${rows.join('')}</table>`;
}

function footerHtml({ siteName, siteUrl, unsubscribeUrl }: MailFooter): string {
  const link = `class="link" style="color:${light.link}"`;
  const why = unsubscribeUrl
    ? `<br>You get mails like this one because you take part in ${escaped(siteName)}, or a colleague invited you. <a href="${escaped(checkedHref(unsubscribeUrl))}" ${link}>Unsubscribe</a>`
    : '';
  return `<p class="soft line" style="margin:0;padding:18px 0 0;border-top:1px solid ${light.line};${smallFont}">${escaped(siteName)}, <a href="${escaped(siteUrl)}" ${link}>${escaped(siteUrl.replace(/^https?:\/\//, ''))}</a>${why}</p>`;
}

function inlineHtml(inline: Inline | Inline[]): string {
  return [inline]
    .flat()
    .map((part) => {
      if (typeof part === 'string') return escaped(printable(part));
      if ('strong' in part) return `<strong>${escaped(printable(part.strong))}</strong>`;
      return `<a href="${escaped(checkedHref(part.href))}" class="link" style="color:${light.link}">${escaped(oneLine(part.link))}</a>`;
    })
    .join('');
}

/** Without what `oneLine` takes out, but with the spaces between this part and its neighbours. */
const printable = (text: string) =>
  `${/^\s/.test(text) ? ' ' : ''}${oneLine(text)}${/\s$/.test(text) ? ' ' : ''}`;

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}
