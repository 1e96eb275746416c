import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { RouteName } from '@tidegate/contract-api';
import { useCaller } from './caller-context.ts';
import type { AnswerOf, RequestOf } from './caller.ts';

interface Afterwards<N extends RouteName> {
  /** Keys of what the act changes; asked for again. */
  readonly changes: readonly (readonly unknown[])[];
  readonly onDone?: (answer: AnswerOf<N>, request: RequestOf<N>) => void;
}

/** An operation that a person sets off, with what has to be asked for again afterwards, also when it was refused: perhaps because it is old. */
export const useAct = <N extends RouteName>(route: N, { changes, onDone }: Afterwards<N>) => {
  const caller = useCaller();
  const client = useQueryClient();
  const ask = caller.ask as (route: N, request: RequestOf<N>) => Promise<AnswerOf<N>>;
  return useMutation({
    mutationFn: (request: RequestOf<N>) => ask(route, request),
    onSuccess: (answer, request) => onDone?.(answer, request),
    onSettled: () => {
      for (const queryKey of changes) void client.invalidateQueries({ queryKey });
    },
  });
};
