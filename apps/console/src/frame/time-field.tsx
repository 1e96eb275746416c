import { TextInput } from '@mantine/core';

const two = (value: number): string => String(value).padStart(2, '0');
/** What a datetime-local field shows: this browser's time. */
const localValue = (iso: string | undefined): string => {
  if (iso === undefined) return '';
  const at = new Date(iso);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
};

interface TimeFieldProps {
  readonly label: string;
  /** ISO, UTC. */
  readonly value: string | undefined;
  readonly onChange: (iso: string | undefined) => void;
}
export function TimeField({ label, value, onChange }: TimeFieldProps) {
  return (
    <TextInput
      type="datetime-local"
      label={label}
      value={localValue(value)}
      onChange={(event) => {
        const at = new Date(event.currentTarget.value);
        onChange(Number.isNaN(at.getTime()) ? undefined : at.toISOString());
      }}
    />
  );
}
