export {
  clearRedisDatabase as clearTestRedis,
  takeRedisDatabase as createTestRedis,
} from '../../ops/stack/redis-databases.ts';
