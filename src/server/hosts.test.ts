import { expect, test } from 'vitest';
import { allowedHosts } from './hosts.ts';

test('a site with a name answers to that name alone', () => {
  expect([...allowedHosts('https://Peers.example.test', 4321)]).toEqual(['peers.example.test']);
});

test('a site for this machine answers to each name of the machine, with the port in use', () => {
  const hosts = allowedHosts('http://127.0.0.1:4321', 8080);
  for (const host of ['127.0.0.1:4321', '127.0.0.1:8080', 'localhost:8080', '[::1]:8080'])
    expect(hosts.has(host)).toBe(true);
  expect(hosts.has('localhost:4321')).toBe(false);
});
