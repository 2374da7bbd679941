import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'astro/zod';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { standardQuestions } from '../../src/domains/communities/model.ts';

/** What forms may send stands in files of these names only. */
const files = readdirSync('src/domains', { recursive: true, encoding: 'utf8' })
  .filter((file) => /(?:^|[/-])inputs\.ts$/.test(file))
  .map((file) => path.join('src/domains', file));

/** What schemas that follow from content or the database are made of here. They are functions named like schemas. */
const madeOf: Readonly<Record<string, readonly unknown[]>> = { answersInput: [standardQuestions] };

function schemaOf(name: string, exported: unknown): unknown {
  if (typeof exported !== 'function' || !name.endsWith('Input')) return exported;
  const made: unknown = exported(...(madeOf[name] ?? []));
  if (!(made instanceof z.ZodType)) throw new Error(`${name} makes no schema of what this test gives it.`);
  return made;
}

const found = await Promise.all(
  files.map(async (file) => {
    const exported = (await import(path.resolve(file))) as Record<string, unknown>;
    return Object.entries(exported).flatMap(([name, value]) => {
      const schema = schemaOf(name, value);
      return schema instanceof z.ZodType ? [[`${name} of ${file}`, schema] as const] : [];
    });
  }),
);
const schemas = found.flat();

test('there are forms to look at', () => {
  expect(schemas.length).toBeGreaterThan(30);
});

/** What of a schema reads the fields: before it makes something else of them. */
const fieldsOf = (schema: z.ZodType): z.ZodType =>
  schema instanceof z.ZodPipe ? fieldsOf(schema.def.in as z.ZodType) : schema;

describe.each(schemas)('%s', (_name, schema) => {
  test('refuses every field that the form does not have, whatever it holds', () => {
    const fields = fieldsOf(schema);
    // A list of fields whose names a pattern knows says which name is wrong by its path.
    if (!(fields instanceof z.ZodRecord)) expect(fields).toBeInstanceOf(z.ZodObject);
    const shape = fields instanceof z.ZodObject ? fields.shape : {};
    const tempting = [
      'role',
      'ownerId',
      'userId',
      'status',
      'verifiedAt',
      'price',
      'constructor',
      'toString',
    ];
    const names = fc
      .oneof(fc.constantFrom(...tempting), fc.string({ maxLength: 30 }))
      .filter((name) => !Object.hasOwn(shape, name) && name !== '__proto__');
    const values = fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 3 }), fc.constant(null));
    fc.assert(
      fc.property(names, values, (name, value) => {
        const { error } = schema.safeParse({ [name]: value });
        const unknown = error?.issues.flatMap((issue) =>
          issue.code === 'unrecognized_keys' ? issue.keys : [...issue.path],
        );
        return unknown?.includes(name) === true;
      }),
      { numRuns: 60 },
    );
  });
});

test('no form’s schema is written where this would not see it', () => {
  const actions = readdirSync('src/actions').filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
  );
  const withSchemas = actions.filter((file) => /\bz\.\w/.test(readFileSync(`src/actions/${file}`, 'utf8')));
  expect(withSchemas).toEqual(['define.ts', 'receive.ts']); // types alone
});
