import { CloseButton, TextInput } from '@mantine/core';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { SearchIcon } from './icons.tsx';

const TYPING_PAUSE_MS = 250;

interface FieldProps {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly maxLength: number;
  readonly error?: ReactNode;
  /** Whether the label is to be seen; it is always said. */
  readonly isLabelled?: boolean;
  readonly onSettled: (text: string) => void;
}
/** Follows the address bar when that changes from elsewhere, and writes into it once typing pauses. */
export function SettlingField({ label, placeholder, value, maxLength, error, isLabelled = false, onSettled }: FieldProps) {
  const [text, setText] = useState(value);
  const settled = useRef(value);
  useEffect(() => {
    if (settled.current === value) return;
    settled.current = value;
    setText(value);
  }, [value]);
  useEffect(() => {
    if (text === settled.current) return;
    const timer = setTimeout(() => {
      settled.current = text;
      onSettled(text);
    }, TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  });
  return (
    <TextInput
      type="search"
      {...(isLabelled ? { label } : { 'aria-label': label })}
      placeholder={placeholder}
      maxLength={maxLength}
      error={error}
      value={text}
      leftSection={<SearchIcon />}
      onChange={(event) => setText(event.currentTarget.value)}
      rightSection={text === '' ? null : <CloseButton size="sm" aria-label={`Clear ${label.toLowerCase()}`} onClick={() => setText('')} />}
    />
  );
}
