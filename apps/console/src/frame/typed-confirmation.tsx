import { Code, TextInput } from '@mantine/core';

interface TypedConfirmationProps {
  readonly word: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** What ends something for good asks for its name, so that a wrong row is noticed before and not after. */
export function TypedConfirmation({ word, value, onChange }: TypedConfirmationProps) {
  return (
    <TextInput
      label={
        <>
          Type <Code>{word}</Code> to confirm
        </>
      }
      autoComplete="off"
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
