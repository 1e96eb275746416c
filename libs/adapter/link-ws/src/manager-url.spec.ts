import { describe, expect, it } from '@jest/globals';
import { managerUrlProblem } from './manager-url.ts';

describe('managerUrlProblem', () => {
  it.each(['wss://manager.example/ws/node', 'ws://127.0.0.1:8080/ws/node', 'ws://localhost/ws/node', 'ws://[::1]:80/ws/node'])(
    'takes %s',
    (url) => {
      expect(managerUrlProblem(url)).toBeNull();
    },
  );
  it.each([
    'ws://manager.example/ws/node',
    'ws://127.0.0.1.example/ws/node',
    'ws://localhost.example/ws/node',
    'ws://[::2]/ws/node',
    'https://manager.example/ws/node',
    'wss://user:secret@manager.example/ws/node',
    'wss://manager.example/ws/node#x',
    'manager.example',
    '',
  ])('refuses %s', (url) => {
    expect(managerUrlProblem(url)).toEqual(expect.any(String));
  });
});
