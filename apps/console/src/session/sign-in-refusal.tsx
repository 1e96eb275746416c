import { Code } from '@mantine/core';
import { ERRORS, isErrorCode } from '@tidegate/contract-errors';
import { Notice } from '../frame/notice.tsx';

/** Why a sign-in by the provider ended here. Only codes of ours are said: the address of this page can be written by anybody. */
export function SignInRefusal({ code }: { readonly code: string | null }) {
  if (code === null || !isErrorCode(code)) return null;
  return (
    <Notice tone="bad" title={ERRORS[code].meaning} isUrgent>
      <span>{ERRORS[code].hint}</span>
      <Code>{code}</Code>
    </Notice>
  );
}
