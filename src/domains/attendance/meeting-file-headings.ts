/**
 * Headings of attendance reports in the languages people have them in: told by their words, without regard to case, accents
 * and signs. Browser-safe.
 */

/** What a column holds. `at` is the time of an `action` (joined, left); `other` is known and of no use. */
export type ColumnKind =
  | 'name'
  | 'first'
  | 'last'
  | 'email'
  | 'upn'
  | 'joined'
  | 'left'
  | 'duration'
  | 'role'
  | 'guest'
  | 'action'
  | 'at'
  | 'attended'
  | 'other';

/** What a line of the summary says. */
export type SummaryKind = 'title' | 'start' | 'end' | 'people';

/** Headings that files are looked through for, as people are told when there are none. */
export const headingsInWords =
  '“Name”, “Email”, “Join time”, “Leave time” and “Duration” (or the same in another language)';

/** Lower case, no accents; signs become spaces. Empty for what is too long for a heading. */
function words(text: string): string[] {
  if (text.length > 80) return [];
  return text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .normalize('NFC')
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .filter(Boolean);
}

/**
 * Beginnings of words; `~` marks those that also end compound words (Besprechungsdauer). Scripts that do without spaces
 * are looked for anywhere. The first kind that fits counts, so the order matters: “Participant ID (UPN)” holds the word
 * that joining has in some languages, “Duration” that of leaving.
 */
const columnStems: readonly [ColumnKind, string][] = [
  ['upn', 'upn'],
  [
    'other',
    'country region consent recording waiting registration approval source phone city organi company school location einwilligung aufzeichnung land pais pays paese',
  ],
  ['guest', 'guest gast convidad invitado invite ospite ゲスト 来宾 來賓 访客 訪客 게스트'],
  ['email', 'email mail correo courriel posta 邮箱 邮件 郵件 電郵 メール 이메일 메일'],
  [
    'duration',
    'duration ~dauer duracao duracion duree durata ~duur duur ~session trwania 期間 持续 持續 时长 時長 기간 지속 진행',
  ],
  ['action', 'action aktion ~aktion acao accion azione actie ~actie 操作 アクション 動作 动作 작업'],
  ['at', 'timestamp zeitstempel carimbo marca horodat tijdstempel 时间戳 時間戳 タイムスタンプ 타임스탬프'],
  [
    'left',
    'leave left exit exited deconnexion verlassen austritt saida salida abandon depart sortie uscita verlaten vertrek opuszcz 离开 離開 退出 退室 나가 나감 퇴장',
  ],
  [
    'joined',
    'join joined ~beitritt teilnahme ingress entrada entree arrivee union incorporacion participation connexion acces partecipazione entrata ingresso deelname toetred dolacz 加入 参加 參加 入室 참가 참여 입장',
  ],
  ['attended', 'attended teilgenommen participou asistio participe'],
  ['first', 'first given forename vorname prenom'],
  ['last', 'last surname family nachname apellido cognome sobrenome'],
  ['role', 'role rolle funcao funcion fonction ruolo rol papel rola 角色 役割 역할'],
  ['name', 'name nome nombre nom naam imie ~name 名前 氏名 姓名 名称 全名 名字 이름 성명'],
].map(([kind, stems]) => [kind as ColumnKind, stems as string]);

const summaryStems: readonly [SummaryKind, string][] = [
  ['title', 'title ~titel titulo titre titolo topic thema tytul タイトル 标题 標題 제목 主题 主題'],
  ['start', 'start inicio debut anfang beginn inizio aanvang 開始 开始 시작'],
  ['end', 'end endzeit ende fim fin fine einde eind termino 終了 结束 結束 종료'],
  [
    'people',
    'participants participantes partecipanti teilnehmer deelnemers 参加者 参与者 參與者 与会者 참가자',
  ],
];

type Stem = { text: string; isEnd: boolean; isAnywhere: boolean };
const stemsOf = <Kind>(rows: readonly [Kind, string][]) =>
  rows.map(([kind, stems]): [Kind, Stem[]] => [
    kind,
    stems.split(' ').map((stem) => {
      const text = stem
        .replace('~', '')
        .normalize('NFKD')
        .replace(/[\u0300-\u036f]/g, '')
        .normalize('NFC');
      return { text, isEnd: stem.startsWith('~'), isAnywhere: /[^a-z]/.test(text) };
    }),
  ]);
const columnTable = stemsOf(columnStems);
const summaryTable = stemsOf(summaryStems);

function kindIn<Kind>(table: readonly [Kind, Stem[]][], text: string): Kind | undefined {
  const found = words(text);
  if (found.length === 0) return undefined;
  const fits = ({ text: stem, isEnd, isAnywhere }: Stem) =>
    found.some((word) =>
      isAnywhere ? word.includes(stem) : word.startsWith(stem) || (isEnd && word.endsWith(stem)),
    );
  return table.find(([, stems]) => stems.some(fits))?.[0];
}

/** What a line of the summary is about, by its first cell. */
export const summaryKindOf = (text: string): SummaryKind | undefined => kindIn(summaryTable, text);

/** Which column holds what, by a row of headings: the first of each kind. */
export type Columns = Partial<Record<ColumnKind, number>> & { others?: number[] };

/**
 * The columns that a row of headings names; undefined when it is none. A heading names people and at least one more thing;
 * a cell with an address or a time makes it a row of people.
 */
export function columnsOf(cells: readonly string[]): Columns | undefined {
  if (cells.filter((cell) => cell.trim()).length < 3) return undefined;
  if (cells.some((cell) => cell.length > 80 || cell.includes('@') || /\d:\d|\d{3}/.test(cell)))
    return undefined;
  const columns: Columns = {};
  const others: number[] = [];
  for (const [at, cell] of cells.entries()) {
    const kind = kindIn(columnTable, cell);
    if (kind === undefined) continue;
    if (kind === 'other' || columns[kind] !== undefined) others.push(at);
    else columns[kind] = at;
  }
  const names = columns.name ?? columns.email ?? columns.upn ?? columns.first;
  const { joined, left, duration, action, attended, role, guest } = columns;
  const more = [joined, left, duration, action, attended, role, guest].filter((at) => at !== undefined);
  const hasMore =
    columns.email !== undefined || columns.upn !== undefined ? more.length > 0 : more.length > 1;
  if (names === undefined || !(hasMore || (columns.action !== undefined && columns.at !== undefined)))
    return undefined;
  return others.length > 0 ? { ...columns, others } : columns;
}

/** Which cell of the row below says what, for the block that Zoom writes before its participants; undefined for others. */
export function summaryBlockOf(cells: readonly string[]): Partial<Record<SummaryKind, number>> | undefined {
  if (cells.length < 3 || cells.some((cell) => cell.includes('@') || /\d:\d/.test(cell))) return undefined;
  const at: Partial<Record<SummaryKind, number>> = {};
  for (const [index, cell] of cells.entries()) {
    const kind = summaryKindOf(cell);
    if (kind) at[kind] ??= index;
  }
  return at.title !== undefined && at.start !== undefined ? at : undefined;
}

/** Whether a row is a heading of either kind. */
export const looksLikeHeading = (cells: readonly string[]): boolean =>
  columnsOf(cells) !== undefined || summaryBlockOf(cells) !== undefined;

/** The number of a section, for its heading (`2. Participants`); undefined for other rows. */
export function sectionOf(cells: readonly string[]): number | undefined {
  const [first = '', ...rest] = cells;
  if (first.length > 80 || rest.some((cell) => cell.trim())) return undefined;
  const number = /^\s*([1-9])\s?[.．、]\s?\p{L}/u.exec(first)?.[1];
  return number ? Number(number) : undefined;
}

const noes = new Set(['no', 'nein', 'nao', 'non', 'nee', 'nie', '否', 'いいえ', '아니요', 'n', 'false']);
const yeses = new Set(['yes', 'ja', 'sim', 'si', 'oui', 'tak', '是', 'はい', '예', 'y', 'true']);
/** Whether a cell says no, in any of the languages. */
export const saysNo = (cell: string): boolean => noes.has(words(cell).join(''));
/** Whether a cell says yes, in any of the languages. */
export const saysYes = (cell: string): boolean => yeses.has(words(cell).join(''));

/**
 * Whether an action of an attendance list is that somebody came or went; undefined for others. “Joined before” (the
 * organiser) is coming, too.
 */
export function actionOf(cell: string): 'joined' | 'left' | undefined {
  const kind = kindIn(actionTable, cell);
  return kind === 'joined' || kind === 'left' ? kind : undefined;
}

const actionTable = stemsOf<'joined' | 'left'>([
  [
    'left',
    'left leave verlassen saiu sair quitte sali salio abandon uscit verlaten opusc 离开 離開 退出 나감 나갔',
  ],
  [
    'joined',
    'joined join beigetreten teilgenommen entrou ingress rejoint union unido partecip entrat deelgenomen toegetreten dolacz 加入 参加 參加 참가',
  ],
]);
