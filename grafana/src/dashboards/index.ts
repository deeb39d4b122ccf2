import type { DashboardSpec } from '../spec.ts';
import { benchmark } from './benchmark.ts';
import { overview } from './overview.ts';
import { pool } from './pool.ts';
import { scheduler } from './scheduler.ts';
import { workflow } from './workflow.ts';

export const DASHBOARDS: readonly DashboardSpec[] = [overview, pool, workflow, scheduler, benchmark];
