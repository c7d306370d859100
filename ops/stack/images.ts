/** Container images, by what they serve; docker-compose.yml and the tests' containers use these. */
export const images = {
  postgres: 'postgres:18',
  kafka: 'apache/kafka:4.2.0',
  registry: 'apicurio/apicurio-registry:3.0.9',
  redis: 'redis:7',
} as const;

/** Ports inside the containers. */
export const containerPorts = { postgres: 5432, kafka: 9092, registry: 8080, redis: 6379 } as const;
