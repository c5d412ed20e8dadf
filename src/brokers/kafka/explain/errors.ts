/** Which rules stand behind an error, by the broker's code or by the name of the exception that the client makes of it. */

const RULES: Readonly<Record<string, readonly string[]>> = {
  notenoughreplicas: ['K-57'],
  notenoughreplicasafterappend: ['K-58'],
  requesttimedout: ['K-58'],
  timeout: ['K-31', 'K-35'],
  notleaderorfollower: ['K-65'],
  fencedleaderepoch: ['K-8'],
  unknownleaderepoch: ['K-8'],
  offsetoutofrange: ['K-5'],
  nooffsetforpartition: ['K-69'],
  messagetoolarge: ['K-6', 'K-36'],
  recordtoolarge: ['K-6', 'K-35'],
  invalidtimestamp: ['K-10'],
  invalidrecord: ['K-18'],
  outofordersequencenumber: ['K-38', 'K-40'],
  outofordersequence: ['K-38', 'K-40'],
  duplicatesequencenumber: ['K-39'],
  invalidproducerepoch: ['K-38', 'K-44'],
  producerfenced: ['K-44'],
  transactionabortable: ['K-43', 'K-45'],
  invalidtxnstate: ['K-43'],
  concurrenttransactions: ['K-43'],
  rebalanceinprogress: ['K-79', 'K-81'],
  illegalgeneration: ['K-81'],
  unknownmemberid: ['K-79', 'K-81'],
  commitfailed: ['K-73', 'K-81'],
  fencedinstanceid: ['K-84'],
  fencedmemberepoch: ['K-89'],
  stalememberepoch: ['K-89'],
  unreleasedinstanceid: ['K-89'],
  invalidrecordstate: ['K-103'],
};

/** @param error a code or an exception, with or without more words behind it; @param otherwise for one that is not known */
export function errorRules(error: string, otherwise: readonly string[]): readonly string[] {
  const word = /[A-Za-z_]+/.exec(error)?.[0] ?? '';
  return (
    RULES[
      word
        .replace(/Exception$/, '')
        .replaceAll('_', '')
        .toLowerCase()
    ] ?? otherwise
  );
}
