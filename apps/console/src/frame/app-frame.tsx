import { ActionIcon, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, NavLink, Outlet, ScrollRestoration } from 'react-router';
import { useCaller } from '../api/caller-context.ts';
import { sessionQuery } from '../api/queries.ts';
import { LiveMark } from '../live/live-mark.tsx';
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

export function AppFrame() {
  const session = useQuery(sessionQuery(useCaller()));
  const signOut = useSignOut();
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
            <NavLink to="/admin/nodes">Nodes</NavLink>
          </nav>
          <span className={styles.gap} />
          <LiveMark />
          <span className={styles.user}>{session.data?.user.username}</span>
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
