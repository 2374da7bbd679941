/**
 * `Hello Ana,`. A name that reads like an address is left out: whoever has an activation link could otherwise have us mail
 * their own links to strangers.
 */
export function greeting(name: string): string {
  return name && !/[/@:]|www\.|\.\p{L}{2}/iu.test(name) ? `Hello ${name},` : 'Hello,';
}
