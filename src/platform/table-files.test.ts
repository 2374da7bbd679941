import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { strFromU8, unzipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { csv, xlsx } from './table-files.ts';

const formulas = [
  '=1+1',
  '+1',
  '-1',
  '@SUM(A1)',
  '\t=1',
  '\r=1',
  '＝1',
  '＋1',
  '－1',
  '＠x',
  ' =1',
  '\u200b=1',
];

describe('as CSV', () => {
  test('a table is read back as it was', () => {
    const text = csv({
      head: ['name', 'count'],
      rows: [
        ['Nguyễn, “An”\nBình "B"', 3],
        ['山田', null],
        ['Minus', -3],
      ],
    });
    expect(parse(text, { bom: true })).toEqual([
      ['name', 'count'],
      ['Nguyễn, “An”\nBình "B"', '3'],
      ['山田', ''],
      ['Minus', '-3'],
    ]);
    expect(text.startsWith('\ufeffname,count\r\n')).toBe(true);
  });

  test.for(formulas)('the cell %j runs in no spreadsheet', (cell) => {
    const [, read]: string[][] = parse(csv({ head: ['head'], rows: [[cell]] }), { bom: true });
    expect(read?.[0]).toMatch(/^'/);
    expect(read?.[0]?.replaceAll("'", '')).toBe(cell);
  });

  test.for([
    ['Ana;=1+1', "Ana;'=1+1"],
    ['Ana; -1', "Ana;' -1"],
    ['Ana\n@SUM(A1)', "Ana\n'@SUM(A1)"],
    ['=1;=2', "'=1;'=2"],
    ['Ana; Bo', 'Ana; Bo'],
    ['Year-7', 'Year-7'],
  ])('the cell %j is safe as %j where lines are cut at semicolons', ([cell, safe]) => {
    expect(parse(csv({ head: ['head'], rows: [[cell!]] }), { bom: true })[1]).toEqual([safe]);
  });

  test('whatever people write, no cell begins a formula and no text is lost', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.string({ unit: 'binary' }), { minLength: 2, maxLength: 2 })),
        (rows) => {
          const read: string[][] = parse(csv({ head: ['a', 'b'], rows }), { bom: true });
          expect(read.length).toBe(rows.length + 1);
          for (const [index, row] of rows.entries())
            for (const [column, cell] of row.entries()) {
              const found = read[index + 1]![column]!;
              expect(found).not.toMatch(/^[=+\-@\t\r＝＋－＠]/);
              expect(found.replaceAll("'", '')).toBe(cell.replaceAll("'", ''));
              for (const part of found.split(/[;\t\r\n]/).slice(1))
                expect(part).not.toMatch(/^[=+\-@＝＋－＠]/);
            }
        },
      ),
    );
  });
});

describe('as XLSX', () => {
  const partsOf = async (...given: Parameters<typeof xlsx>) => {
    const files = unzipSync(await xlsx(...given));
    return (name: string) => strFromU8(files[name] ?? new Uint8Array());
  };

  test('whatever a cell begins with, it is text and no formula', async () => {
    const part = await partsOf([{ name: 'People', head: ['=HEAD()'], rows: formulas.map((cell) => [cell]) }]);
    const sheet = part('xl/worksheets/sheet1.xml');
    expect(sheet).not.toContain('<f>');
    expect(sheet.match(/ t="(?:s|inlineStr)"/g)).toHaveLength(formulas.length + 1);
  });

  test('each cell stands at its place, below the head, also right of column Z', async () => {
    const row = Array.from({ length: 54 }, (_, at) => at);
    const part = await partsOf([{ name: 'Wide', head: row.map(String), rows: [row, ['last']] }]);
    const sheet = part('xl/worksheets/sheet1.xml');
    for (const cell of ['"A2"><v>0<', '"Z2"><v>25<', '"AA2"><v>26<', '"BB2"><v>53<'])
      expect(sheet).toContain(cell);
    expect(sheet).toMatch(/<c r="A3" t="inlineStr"><is><t [^>]*>last</);
    expect(sheet.match(/<row r="\d"/g)).toEqual(['<row r="1"', '<row r="2"', '<row r="3"']);
    expect(sheet.endsWith('</row></sheetData></worksheet>')).toBe(true);
  });

  test('whatever people write, the sheet stays XML and keeps all that XML can hold', async () => {
    const text = ' 山田 😀 \u0000\u001b\ud800"quoted" \r\n]]> ';
    const part = await partsOf([{ name: 'People', head: ['a'], rows: [[text]] }]);
    expect(/preserve">([^<]*)</.exec(part('xl/worksheets/sheet1.xml'))?.[1]).toBe(
      ' 山田 😀 \ufffd"quoted" &#13;\n]]&gt; ',
    );
  });

  test('each sheet has its own rows', async () => {
    const part = await partsOf([
      { name: 'One', head: ['a'], rows: [['first']] },
      { name: 'Two', head: ['b'], rows: [['second']] },
    ]);
    expect(part('xl/worksheets/sheet1.xml')).toContain('>first<');
    expect(part('xl/worksheets/sheet2.xml')).toContain('>second<');
  });

  test('a number is a number, nothing is an empty cell, and markup is text', async () => {
    const part = await partsOf([
      {
        name: 'A [very] long name of a sheet: too long',
        head: ['a', 'b'],
        rows: [
          [7, null],
          ['<b>&', 0],
        ],
      },
    ]);
    expect(part('xl/worksheets/sheet1.xml')).toContain('<v>7</v>');
    expect(part('xl/worksheets/sheet1.xml') + part('xl/sharedStrings.xml')).toContain('&lt;b&gt;&amp;');
    expect(part('xl/workbook.xml')).toContain('name="A  very  long name of a sheet  "');
  });
});
