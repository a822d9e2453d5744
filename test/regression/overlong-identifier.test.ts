import { identityRecordOf } from '../../subgraphs/identity/resolution/normalise.ts';
import { createSqlRepository } from '../../subgraphs/identity/store/sql.ts';
import { openTestDatabase } from '../support/databases.ts';

it('a number as long as a page does not keep its record, nor those beside it, out of the identity store', async () => {
  const database = await openTestDatabase();
  try {
    const repository = createSqlRepository({ database });
    await repository.prepare();
    const noise = Array.from({ length: 6_000 }, (_, index) => (index * 7919).toString(36)).join('');
    const record = identityRecordOf({
      dataSourceId: 'service',
      dataSourceObjectId: 'contact',
      sourceRecordId: 'c1',
      firstName: null,
      fullName: null,
      contactPointEmails: [{ emailAddress: 'ann@example.org' }],
      contactPointPhones: [],
      contactPointSocials: [{ socialNetworkProvider: 'instagram', socialHandleName: noise }],
      partyIdentifications: [{ partyIdentificationType: 'TAX', name: 'x', identificationNumber: noise }],
    });
    const customer360Id = 'c360_01kax0000000000000000000aa';
    const at = '2026-03-01T08:30:00.000Z';
    await repository.apply({
      operations: [
        { kind: 'create', customer360Id },
        { kind: 'link', record, customer360Id, rule: 'NEW_CUSTOMER' },
      ],
      at,
    });
    const found = await repository.customersByIds([customer360Id]);
    expect(found.get(customer360Id)?.records[0]?.identifiers).toEqual([
      { identifierType: 'EMAIL', normalizedValue: 'ann@example.org' },
    ]);
  } finally {
    await database.close();
  }
});
