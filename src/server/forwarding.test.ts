import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { clientAddress, forgetForwarding } from './forwarding.ts';

const request = (headers: Record<string, string>) =>
  ({ headers, socket: { remoteAddress: '10.0.0.1' } }) as unknown as IncomingMessage;

test('without proxies of ours the socket says who asks', () => {
  expect(clientAddress(request({ 'x-forwarded-for': '192.0.2.1' }), 0)).toBe('10.0.0.1');
});

test('behind proxies of ours the first of them says who asks, and nobody before it is believed', () => {
  const chain = request({ 'x-forwarded-for': '198.51.100.9, 192.0.2.1, 10.0.0.2' });
  expect([clientAddress(chain, 1), clientAddress(chain, 2)]).toEqual(['10.0.0.2', '192.0.2.1']);
  expect(clientAddress(request({}), 1)).toBe('10.0.0.1');
});

test('whatever a request says of who forwarded it is forgotten', () => {
  const asked = request({ forwarded: 'for=x', 'x-forwarded-host': 'evil.example.test', accept: '*/*' });
  forgetForwarding(asked, 'https');
  expect(asked.headers).toEqual({ accept: '*/*', 'x-forwarded-proto': 'https' });
});
