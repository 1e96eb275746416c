import { ActionIcon, CopyButton, Tooltip } from '@mantine/core';
import { CheckIcon, CopyIcon } from './icons.tsx';
import styles from './copyable.module.css';

/** An id or digest, shortened to its beginning where asked; what is copied is always whole. */
export function Copyable({
  value,
  label,
  length = value.length,
  shown = value.length > length ? `${value.slice(0, length)}…` : value,
}: {
  readonly value: string;
  readonly label: string;
  readonly length?: number;
  /** Written so that it can be read aloud; what is copied stays as it is. */
  readonly shown?: string;
}) {
  return (
    <span className={styles.copyable}>
      <code className={styles.text}>{shown}</code>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? 'Copied' : value}>
            <ActionIcon
              variant="subtle"
              size={26}
              color={copied ? 'tide' : 'gray'}
              onClick={copy}
              aria-label={copied ? `${label} copied` : `Copy ${label}`}
            >
              {copied ? <CheckIcon size={14} /> : <CopyIcon size={14} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </span>
  );
}
