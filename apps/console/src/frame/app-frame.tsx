import { ActionIcon, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Action } from '@tidegate/contract-api';
import { Link, NavLink, Outlet, ScrollRestoration } from 'react-router';
import { useCaller } from '../api/caller-context.ts';
import { sessionQuery } from '../api/queries.ts';
import { LiveMark } from '../live/live-mark.tsx';
import { useMay } from '../session/use-may.ts';
import { useSignOut } from '../session/use-sign-out.ts';
import { LeaveIcon, MoonIcon, SunIcon, Wordmark } from './icons.tsx';
import styles from './app-frame.module.css';

function ColourSchemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const other = scheme === 'dark' ? 'light' : 'dark';
  return (
    <Tooltip label={`Use ${other} colours`}>
      <ActionIcon
        className={styles.button}
        variant="transparent"
        size="lg"
        onClick={() => setColorScheme(other)}
        aria-label={`Use ${other} colours`}
      >
        {scheme === 'dark' ? <SunIcon size={18} /> : <MoonIcon size={18} />}
      </ActionIcon>
    </Tooltip>
  );
}

const PAGES: readonly { readonly to: string; readonly word: string; readonly action: Action }[] = [
  { to: '/admin/nodes', word: 'Nodes', action: 'node.read' },
  { to: '/admin/rollouts', word: 'Rollouts', action: 'rollout.read' },
  { to: '/admin/releases', word: 'Releases', action: 'release.read' },
  { to: '/admin/events', word: 'Events', action: 'event.read' },
  { to: '/admin/groups', word: 'Groups', action: 'group.read' },
  { to: '/admin/users', word: 'Users', action: 'user.read' },
  { to: '/admin/registration-tokens', word: 'Tokens', action: 'registration_token.read' },
  { to: '/admin/audit', word: 'Audit', action: 'audit.read' },
];

export function AppFrame() {
  const session = useQuery(sessionQuery(useCaller()));
  const signOut = useSignOut();
  const may = useMay();
  return (
    <>
      <a className={styles.skip} href="#content">
        Skip to the content
      </a>
      <header className={styles.header}>
        <div className={styles.bar}>
          <Link to="/admin/nodes" className={styles.home} aria-label="Tidegate, to the nodes">
            <Wordmark isOnDark />
          </Link>
          <nav className={styles.nav} aria-label="Main">
            {PAGES.filter(({ action }) => may(action)).map(({ to, word }) => (
              <NavLink key={to} to={to}>
                {word}
              </NavLink>
            ))}
          </nav>
          <span className={styles.gap} />
          <LiveMark />
          <Link className={styles.user} to="/account" title="My account">
            {session.data?.user.username}
          </Link>
          <ColourSchemeSwitch />
          <Tooltip label="Sign out">
            <ActionIcon
              className={styles.button}
              variant="transparent"
              size="lg"
              loading={signOut.isPending}
              onClick={() => signOut.mutate()}
              aria-label="Sign out"
            >
              <LeaveIcon size={18} />
            </ActionIcon>
          </Tooltip>
        </div>
      </header>
      <main id="content" className={styles.content} tabIndex={-1}>
        <Outlet />
      </main>
      <ScrollRestoration />
    </>
  );
}
