import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Locator, Page } from 'playwright-core';
import { authenticatorCode } from './authenticator.ts';
import { accessibilityFaults, openBrowser, takePicture } from './browser.ts';
import { LocalSystem } from './local-system.ts';

const VERDICT_MS = 90_000;

describe('an operator in the console', () => {
  let system: LocalSystem;
  let browser: Browser;
  let page: Page;
  /** Everything the page complained about; a console that works complains about nothing. */
  const complaints: string[] = [];

  beforeAll(async () => {
    system = await LocalSystem.start(['--nodes', '3']);
    browser = await openBrowser();
    // The accessibility check opens a page of its own, which a page without a context does not allow.
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !/status of 401/.test(message.text())) complaints.push(message.text());
    });
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await system?.stop();
    system?.remove();
  }, 60_000);

  const row = (name: string): Locator => page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });
  const shows = async (name: string, text: RegExp, timeout = 30_000): Promise<void> =>
    await row(name).getByText(text).first().waitFor({ timeout });
  const stage = async (name: string, version: string): Promise<void> => {
    await page.getByRole('button', { name: `Upgrade ${name}…` }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('radio', { name: new RegExp(`^${version.replaceAll('.', '\\.')},`) }).click();
    if (version === '1.1.0') await takePicture(page, 'upgrade-dialog');
    await dialog.getByRole('button', { name: 'Stage upgrade' }).click();
    await dialog.waitFor({ state: 'hidden' });
  };

  let recoveryCode = '';
  const turnsSecondFactorOn = async (hers: Page, password: string): Promise<void> => {
    await hers.getByRole('button', { name: 'Turn on…' }).click();
    const dialog = hers.getByRole('dialog');
    await dialog.getByLabel('Password', { exact: true }).fill(password);
    await dialog.getByRole('button', { name: 'Go on' }).click();
    await dialog.getByRole('img', { name: 'QR code for the authenticator app' }).waitFor();
    const secret = (await dialog.locator('code').innerText()).replaceAll(' ', '');
    await takePicture(hers, 'second-factor');
    expect(await accessibilityFaults(hers)).toEqual([]);
    await dialog.getByLabel('Code', { exact: true }).fill(authenticatorCode(secret));
    await dialog.getByRole('button', { name: 'Turn it on' }).click();
    recoveryCode = (await dialog.locator('pre').innerText()).split('\n')[4] ?? '';
    await takePicture(hers, 'recovery-codes');
    await dialog.getByRole('button', { name: 'I have kept them' }).click();
    await hers.getByText('10 recovery codes left').waitFor();
  };

  it('is asked to sign in, and is back where they wanted to go after that', async () => {
    await page.goto(`${system.url}/admin/nodes?sort=name`);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await takePicture(page, 'sign-in');
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByLabel('User name').fill('admin');
    await page.getByLabel('Password', { exact: true }).fill('not the password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('User name or password is wrong').waitFor();
    await page.getByLabel('Password', { exact: true }).fill(system.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Managed nodes' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/admin/nodes');
    for (const name of ['breakwater', 'lantern', 'lock-gate']) await shows(name, /^online$/);
  }, 90_000);

  it('watches one node go from upgrading to updated, one roll back, one fail, without touching the page', async () => {
    await stage('breakwater', '1.1.0');
    await stage('lantern', '1.2.0');
    await stage('lock-gate', '1.4.0');
    await shows('breakwater', /upgrading to 1\.1\.0/);
    await shows('breakwater', /· trial/, 60_000);
    await takePicture(page, 'nodes-upgrading');
    await shows('lock-gate', /^upgrade failed$/, VERDICT_MS);
    await shows('lantern', /^rolled back$/, VERDICT_MS);
    await shows('breakwater', /^updated$/, VERDICT_MS);
    expect(await row('breakwater').getByText('1.1.0', { exact: true }).count()).toBe(1);
    expect(await row('lantern').getByText('1.0.0', { exact: true }).count()).toBe(1);
    await takePicture(page, 'nodes-after');
    expect(await accessibilityFaults(page)).toEqual([]);
  }, 240_000);

  it('learns the code and what to do by hovering over a failure', async () => {
    await row('lock-gate').getByText('upgrade failed').hover();
    const hint = page.getByRole('tooltip');
    await hint.getByText('upgrade_checksum_mismatch').waitFor();
    expect(await hint.innerText()).toContain('Do not retry from this source');
    await takePicture(page, 'failure-hover');
  }, 30_000);

  it('follows a node to its page and sees the steps with their times', async () => {
    await row('breakwater').getByRole('link', { name: 'breakwater', exact: true }).click();
    await page.getByRole('heading', { name: 'breakwater' }).waitFor();
    for (const text of ['upgrade_completed', 'committed']) await page.getByText(text).filter({ visible: true }).first().waitFor();
    await takePicture(page, 'node-page');
    expect(await accessibilityFaults(page)).toEqual([]);
  }, 30_000);

  it('finds out why a node is where it is, labels it, puts it into maintenance and takes both back', async () => {
    await page.getByRole('region', { name: 'Why, and what happens next' }).getByRole('code').waitFor();
    await page.getByLabel('New label').fill('site=quay 3');
    await page.getByRole('button', { name: 'Set', exact: true }).click();
    const taken = page.getByRole('button', { name: 'Take label site away' });
    await taken.waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await taken.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'More…' }).click();
    await page.getByRole('menuitem', { name: 'Start maintenance…' }).click();
    await page.getByRole('textbox', { name: 'Why' }).fill('Moving racks');
    await page.getByRole('button', { name: 'Start maintenance' }).click();
    await page.getByText('In maintenance: Moving racks', { exact: true }).waitFor();
    await page.goto(`${system.url}/admin/nodes?maintenance=true`);
    await page.getByText('1 node matches').waitFor();
    await page.goBack();
    await page.getByRole('button', { name: 'More…' }).click();
    await page.getByRole('menuitem', { name: 'End maintenance' }).click();
    await page.getByText('In maintenance: Moving racks', { exact: true }).waitFor({ state: 'detached' });
  }, 60_000);

  it('checks an upgrade without changing anything, and returns the node to what it ran before', async () => {
    await page.getByRole('button', { name: 'Check…' }).click();
    await page.getByRole('dialog').getByLabel('Version').fill('1.1.0');
    await page.getByRole('dialog').getByRole('button', { name: 'Check', exact: true }).click();
    await page.getByText('up to date').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'More…' }).click();
    await page.getByRole('menuitem', { name: 'Return to 1.0.0…' }).click();
    await page.getByRole('button', { name: 'Return to 1.0.0', exact: true }).click();
    await page.getByRole('heading', { name: 'Last return: 1.1.0 → 1.0.0' }).waitFor({ timeout: VERDICT_MS });
  }, 120_000);

  it('gets the one command that admits a node', async () => {
    await page.goto(`${system.url}/admin/nodes`);
    await page.getByRole('button', { name: 'Add a node…' }).click();
    await page.getByRole('button', { name: 'Make the token' }).click();
    await page.getByText(/registration-token/).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Done' }).click();
  }, 30_000);

  it('rolls a release out to a group: looks first, starts it, stops it and lets it go on to its end', async () => {
    await page.goto(`${system.url}/admin/rollouts`);
    await page.getByRole('link', { name: 'Choose a group' }).click();
    await page.getByRole('link', { name: 'default', exact: true }).click();
    await page.getByRole('link', { name: 'Roll out…' }).click();
    await page.getByRole('radio', { name: /^1\.1\.0,/ }).click();
    await page.getByRole('textbox', { name: 'Waves' }).fill('1, 100%');
    await page.getByRole('textbox', { name: 'Settle after a wave' }).fill('1s');
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByRole('heading', { name: '3 nodes in 2 waves' }).waitFor();
    await takePicture(page, 'rollout-preview');
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.getByRole('heading', { name: '1.1.0 to default' }).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Resume…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click();
    const standing = page.getByRole('region', { name: 'Where it stands' });
    await standing.getByText('completed', { exact: true }).waitFor({ timeout: 2 * VERDICT_MS });
    await page.getByText('A person paused it. By admin.').waitFor();
    await page.getByText('Wave 2: 2 of 2 committed').waitFor();
    await takePicture(page, 'rollout');
    expect(await accessibilityFaults(page)).toEqual([]);
  }, 240_000);

  it.each([
    ['rollouts', 'Rollouts', /3 of 3 committed/],
    ['releases', 'Releases', /A good release/],
    ['events', 'Events', /upgrade_completed/],
    ['groups', 'Groups', /default/],
    ['users', 'Users', /super_admin/],
    ['registration-tokens', 'Registration tokens', /open/],
    ['audit', 'Audit trail', /node\.rollback\.request/],
  ])(
    'reads %s, on a page without accessibility faults',
    async (path, title, text) => {
      await page.goto(`${system.url}/admin/${path}`);
      await page.getByRole('heading', { name: title, exact: true }).waitFor();
      await page.getByRole('main').getByText(text).filter({ visible: true }).first().waitFor();
      await takePicture(page, path);
      expect(await accessibilityFaults(page)).toEqual([]);
    },
    30_000,
  );

  it('proves that the audit trail is what was written', async () => {
    await page.getByRole('button', { name: 'Verify the chain' }).click();
    await page.getByText('chain intact').waitFor();
  }, 30_000);

  it('makes a user, who has to choose a password and is then shown only what they may do', async () => {
    await page.goto(`${system.url}/admin/users`);
    await page.getByRole('button', { name: 'Create a user…' }).click();
    await page.getByRole('textbox', { name: 'User name' }).fill('ann');
    await page.getByRole('button', { name: 'Create the user' }).click();
    const password = await page.getByRole('dialog').locator('pre').innerText();
    const context = await browser.newContext();
    const hers = await context.newPage();
    await hers.goto(system.url);
    await hers.getByLabel('User name').fill('ann');
    await hers.getByLabel('Password', { exact: true }).fill(password);
    await hers.getByRole('button', { name: 'Sign in' }).click();
    await hers.getByText('Choose a password of your own').waitFor();
    expect(await accessibilityFaults(hers)).toEqual([]);
    await hers.getByLabel('Password now').fill(password);
    await hers.getByLabel('New password', { exact: true }).fill('quiet harbour at dawn');
    await hers.getByLabel('New password again').fill('quiet harbour at dawn');
    await hers.getByRole('button', { name: 'Change the password' }).click();
    await hers.getByText('Where you are signed in').waitFor();
    expect(await hers.getByRole('navigation').getByRole('link').allInnerTexts()).toEqual(['Releases']);
    expect(await accessibilityFaults(hers)).toEqual([]);
    await turnsSecondFactorOn(hers, 'quiet harbour at dawn');
    await context.clearCookies();
    await hers.goto(system.url);
    await hers.getByLabel('User name').fill('ann');
    await hers.getByLabel('Password', { exact: true }).fill('quiet harbour at dawn');
    await hers.getByRole('button', { name: 'Sign in' }).click();
    await hers.getByRole('heading', { name: 'One more step' }).waitFor();
    await takePicture(hers, 'sign-in-second-step');
    expect(await accessibilityFaults(hers)).toEqual([]);
    await hers.getByRole('button', { name: 'Use a recovery code instead' }).click();
    await hers.getByLabel('Recovery code').fill(recoveryCode);
    await hers.getByRole('button', { name: 'Sign in' }).click();
    await hers.getByRole('navigation').getByRole('link', { name: 'Releases' }).waitFor();
    await context.close();
  }, 90_000);

  it('met no error of the page itself', () => {
    expect(complaints).toEqual([]);
  });
});
