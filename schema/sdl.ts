import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kind, parse, print } from 'graphql';
import { annotate } from './annotate.ts';
import { CLOUDS, type CloudDescriptor } from './clouds.ts';
import { PACKAGE_ROOT } from './package-root.ts';

const FEDERATION_LINK = `extend schema @link(
  url: "https://specs.apollo.dev/federation/v2.9"
  import: ["@key", "@external", "@requires", "@shareable", "@inaccessible", "@provides", "@tag", "@policy", "@listSize"]
)
`;

/**
 * What a reconciled field needs of a profile. All of them require the same, so that the planner asks identity once for
 * all, whichever are selected; a cloud reads a profile as one row in any case.
 */
const RECONCILED_PROFILE = [
  'dataSourceId dataSourceObjectId sourceRecordId salutation firstName middleName lastName fullName birthDate',
  'contactPointEmails { emailAddress } contactPointPhones { telephoneNumber formattedE164PhoneNumber }',
  'contactPointAddresses { addressLine1 addressLine2 cityName stateProvinceName postalCodeText countryName }',
  'contactPointSocials { socialNetworkProvider socialHandleName }',
  'partyIdentifications { partyIdentificationType name identificationNumber } createdDate lastModifiedDate',
].join(' ');

/** Names of all subgraphs, identity first. */
export const SUBGRAPH_NAMES: readonly string[] = ['identity', ...CLOUDS.map((cloud) => cloud.name)];

/** The whole SDL of one subgraph: the shared value types, its own document, what follows from the cloud descriptors, and who may ask. */
export function buildSubgraphSdl(name: string): string {
  const own = name === 'identity' ? buildIdentitySdl() : buildCloudSdl(name);
  return annotate([FEDERATION_LINK, readSdl('shared.graphql'), own].join('\n'));
}

function buildCloudSdl(name: string): string {
  const typePrefix = name.charAt(0).toUpperCase() + name.slice(1);
  const contract = readSdl('cloud.graphql.template').replaceAll('__cloud__', name).replaceAll('__Cloud__', typePrefix);
  return `${cloudDocument(name)}\n${contract}`;
}

/** A cloud's own document; marketing's journeys are long enough for one of their own. */
function cloudDocument(name: string): string {
  return name === 'marketing'
    ? `${readSdl('marketing.graphql')}\n${readSdl('journeys.graphql')}`
    : readSdl(`${name}.graphql`);
}

function buildIdentitySdl(): string {
  const profiles = CLOUDS.map((cloud) => `${cloud.name}Profiles { ${RECONCILED_PROFILE} }`).join(' ');
  const document = readSdl('identity.graphql')
    .replace(/^"[^"]*"\ndirective @reconciled.*\n/m, '')
    .replaceAll('@reconciled', `@requires(fields: "${profiles}")`);
  return [document, ...CLOUDS.map(buildCloudEdges)].join('\n');
}

/** What identity adds for one cloud: the record ids it hands out, the profiles it reconciles, the way back to the customer. */
function buildCloudEdges(cloud: CloudDescriptor): string {
  const edges = cloud.entities.map(
    (entity) => `
extend type ${entity.type} @key(fields: "${entity.key}") {
  ${entity.key}: ID! @external
  ${entity.customerKey}: ${typeOfField(cloud, entity.type, entity.customerKey)} @external
  "The person this belongs to, null when identity does not know the record yet."
  customer: Customer @requires(fields: "${entity.customerKey}")
}`,
  );
  return `extend type Customer {
  "Keys of the ${cloud.name} records of the customer. Internal."
  ${cloud.name}RecordIds: RecordIds @inaccessible
  ${cloud.name}Profiles: [SourceProfile!] @external
}
${edges.join('\n')}
`;
}

/** The type of a field in the cloud's own document, as identity has to repeat it to the letter. */
function typeOfField(cloud: CloudDescriptor, typeName: string, fieldName: string): string {
  for (const definition of parse(cloudDocument(cloud.name)).definitions) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION || definition.name.value !== typeName) continue;
    const field = definition.fields?.find((candidate) => candidate.name.value === fieldName);
    if (field) return print(field.type);
  }
  throw new Error(`schema/clouds.ts names ${typeName}.${fieldName}, which schema/${cloud.name}.graphql does not have.`);
}

function readSdl(file: string): string {
  return readFileSync(join(PACKAGE_ROOT, 'schema', file), 'utf8');
}
