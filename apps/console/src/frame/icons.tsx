import type { ReactNode } from 'react';
import styles from './icons.module.css';

/** Drawn here, so that no icon set is shipped for a handful of pictures. Always decoration: the text beside says it. */
const icon = (name: string, drawing: ReactNode) => {
  const Icon = ({ size = 16 }: { readonly size?: number }) => (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {drawing}
    </svg>
  );
  Icon.displayName = name;
  return Icon;
};
export const SearchIcon = icon(
  'SearchIcon',
  <>
    <circle cx="11" cy="11" r="7" />
    <path d="m20 20-4-4" />
  </>,
);
export const CopyIcon = icon(
  'CopyIcon',
  <>
    <rect x="9" y="9" width="11" height="11" rx="2" />
    <path d="M5 15V6a2 2 0 0 1 2-2h9" />
  </>,
);
export const CheckIcon = icon('CheckIcon', <path d="m5 12.5 4.5 4.500L19 7.5" />);
export const CrossIcon = icon('CrossIcon', <path d="M6 6l12 12M18 6 6 18" />);
export const SunIcon = icon(
  'SunIcon',
  <>
    <circle cx="12" cy="12" r="4" />
    <path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.400M18.4 5.6 17 7M7 17l-1.4 1.4" />
  </>,
);
export const MoonIcon = icon('MoonIcon', <path d="M20 14.500A8 8 0 0 1 9.5 4a8 8 0 1 0 10.5 10.500Z" />);
export const LeaveIcon = icon('LeaveIcon', <path d="M14 4H6a1 1 0 0 0-1 1v14a1 1 0 0 0 1 1h8M10 12h11m-4-4 4 4-4 4" />);
export const UpIcon = icon('UpIcon', <path d="M12 19V5m-6 6 6-6 6 6" />);
export const DownIcon = icon('DownIcon', <path d="M12 5v14m6-6-6 6-6-6" />);
export const BackIcon = icon('BackIcon', <path d="M19 12H5m6-6-6 6 6 6" />);
export const AlertIcon = icon('AlertIcon', <path d="M12 4 2.8 19.500h18.400L12 4Zm0 6v4m0 3v.01" />);

/** Two posts of a gate and the water held between them. */
export function Wordmark({ isOnDark = false }: { readonly isOnDark?: boolean }) {
  return (
    <span className={styles.wordmark} data-on-dark={isOnDark || undefined}>
      <svg width="26" height="26" viewBox="0 0 32 32" fill="none" strokeLinecap="round" aria-hidden="true" focusable="false">
        <path d="M5 5v22M27 5v22" stroke="currentColor" strokeWidth="3" />
        <path d="M10 13c2.5-3 4.2-3 6-1s3.5 2 6-1M10 21c2.5-3 4.2-3 6-1s3.5 2 6-1" stroke="var(--wordmark-water)" strokeWidth="3" />
      </svg>
      Tidegate
    </span>
  );
}
