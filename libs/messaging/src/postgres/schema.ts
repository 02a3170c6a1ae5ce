/** Grows with every change of {@link SCHEMA_SQL}; processes of an older version keep working on a newer schema. */
export const SCHEMA_VERSION = 1;

/** The schema that holds the log, and the channel its notices go through. */
export const SCHEMA_NAME = 'myriad_log';

/** First key of the advisory lock that a process holds while it lives; the second is its own number. */
export const LIFE_LOCK = 77_010_001;

/** Keys of other advisory locks. */
export const SCHEMA_LOCK = 77_010_002;
export const MAINTENANCE_LOCK = 77_010_003;

/*
 * log_record is the log: its primary key is the order of each partition. log_partition.next_offset is the counter from which offsets come; an
 * append locks the counter's row until it commits, so offsets have no gaps and become visible in order: a reader never steps over one that
 * commits later. log_lease holds, for a group and partition, who may handle it, the epoch of that right, and the committed offset.
 * Notices: `r<partition ids>` records came, `g<group>` members or leases of a group changed, `t` topics changed.
 */
const TABLES = `
create table if not exists log_meta (one boolean primary key default true check (one), version int not null,
  maintained_at timestamptz not null default '-infinity');
create sequence if not exists log_process;
create sequence if not exists log_epoch;
create table if not exists log_topic (
  topic text primary key,
  partitions int not null check (partitions > 0),
  cleanup text not null check (cleanup in ('compact', 'delete')),
  retention_ms bigint
);
create table if not exists log_partition (
  id int generated always as identity primary key,
  topic text not null references log_topic on delete cascade,
  "partition" int not null,
  next_offset bigint not null default 0,
  compacted_to bigint not null default 0,
  unique (topic, "partition")
) with (fillfactor = 20);
create table if not exists log_record (
  partition_id int not null,
  record_offset bigint not null,
  key text not null,
  value bytea,
  headers text not null,
  appended_ms bigint not null,
  primary key (partition_id, record_offset)
);
create table if not exists log_producer (
  producer_id uuid primary key,
  sequence bigint not null,
  used_at timestamptz not null default now()
) with (fillfactor = 50);
create table if not exists log_member (
  group_name text not null,
  member_id uuid not null,
  process int not null,
  topics text[] not null,
  session_ms int not null,
  seen_at timestamptz not null,
  primary key (group_name, member_id)
) with (fillfactor = 50);
create table if not exists log_lease (
  group_name text not null,
  partition_id int not null,
  member_id uuid,
  epoch bigint not null,
  next_offset bigint not null,
  primary key (group_name, partition_id)
) with (fillfactor = 50);
`;

/* A batch whose answer got lost is sent again with the same sequence, and then changes nothing. */
const APPEND = `
create or replace function log_append(p_producer uuid, p_sequence bigint, p_partitions int[], p_keys text[], p_values bytea[], p_headers text[])
returns void language plpgsql as $$
declare
  stamp bigint;
  touched text;
begin
  insert into log_producer as p (producer_id, sequence) values (p_producer, p_sequence)
    on conflict (producer_id) do update set sequence = excluded.sequence, used_at = now() where p.sequence < excluded.sequence;
  if not found then return; end if;
  perform 1 from log_partition where id = any (p_partitions) order by id for update;
  stamp := extract(epoch from clock_timestamp()) * 1000;
  with input as (
    select t.id, t.key, t.value, t.headers, row_number() over (partition by t.id order by t.n) - 1 as place
    from unnest(p_partitions, p_keys, p_values, p_headers) with ordinality as t (id, key, value, headers, n)
  ), counted as (
    select id, count(*) as amount from input group by id
  ), moved as (
    update log_partition p set next_offset = p.next_offset + c.amount from counted c where p.id = c.id
    returning p.id, p.next_offset - c.amount as first_offset
  )
  insert into log_record (partition_id, record_offset, key, value, headers, appended_ms)
  select i.id, m.first_offset + i.place, i.key, i.value, i.headers, stamp from input i join moved m on m.id = i.id;
  select string_agg(id::text, ',') into touched from (select distinct unnest(p_partitions) as id) d;
  perform pg_notify('${SCHEMA_NAME}', case when length(touched) > 7000 then 'r' else 'r' || touched end);
end $$;
`;

/*
 * A member is dead when its process holds its advisory lock no more (PostgreSQL lets it go with the connection), or when it was silent for its
 * session. After a start of PostgreSQL nobody holds locks yet: then the living get time to come back.
 */
const SYNC = `
create or replace function log_sync(p_group text, p_member uuid, p_process int, p_topics text[], p_session_ms int, p_from text)
returns table (partition_id int, topic text, "partition" int, epoch bigint, keep boolean, next_offset bigint, end_offset bigint)
language plpgsql as $$
#variable_conflict use_column
declare
  uptime interval := clock_timestamp() - pg_postmaster_start_time();
  has_joined boolean;
  evicted int;
begin
  perform set_config('synchronous_commit', 'off', true);
  perform pg_advisory_xact_lock(${SCHEMA_LOCK}, hashtext(p_group));
  update log_member set seen_at = clock_timestamp(), process = p_process, topics = p_topics
    where group_name = p_group and member_id = p_member;
  has_joined := not found;
  if has_joined then
    insert into log_member values (p_group, p_member, p_process, p_topics, p_session_ms, clock_timestamp());
  end if;
  delete from log_member m where m.group_name = p_group and m.member_id <> p_member and (
    (m.seen_at < clock_timestamp() - m.session_ms * interval '1 ms' and uptime > m.session_ms * interval '1 ms')
    or (uptime > interval '3 s' and not exists (
      select from pg_locks k where k.locktype = 'advisory' and k.granted and k.classid = ${LIFE_LOCK} and k.objid = m.process::oid
        and k.database = (select d.oid from pg_database d where d.datname = current_database()))));
  get diagnostics evicted = row_count;
  if has_joined or evicted > 0 then perform pg_notify('${SCHEMA_NAME}', 'g' || p_group); end if;
  return query
  with wanting as (
    select t.topic, array_agg(m.member_id order by m.member_id) as members
    from unnest(p_topics) as t (topic) join log_member m on m.group_name = p_group and t.topic = any (m.topics) group by t.topic
  ), due as (
    select p.id, p.topic, p."partition", p.next_offset as end_offset,
      w.members[1 + p."partition" % cardinality(w.members)] = p_member as is_mine
    from log_partition p join wanting w on w.topic = p.topic
  ), taken as (
    insert into log_lease as l (group_name, partition_id, member_id, epoch, next_offset)
    select p_group, d.id, p_member, nextval('log_epoch'), case p_from when 'latest' then d.end_offset else 0 end
    from due d left join log_lease o on o.group_name = p_group and o.partition_id = d.id
    where d.is_mine and (o.member_id is null
      or not exists (select from log_member m where m.group_name = p_group and m.member_id = o.member_id))
    on conflict (group_name, partition_id) do update set member_id = excluded.member_id, epoch = excluded.epoch
    returning l.partition_id, l.epoch, l.next_offset
  ), held as (
    select t.partition_id, t.epoch, t.next_offset from taken t
    union all
    select l.partition_id, l.epoch, l.next_offset from log_lease l where l.group_name = p_group and l.member_id = p_member
  )
  select d.id, d.topic, d."partition", h.epoch, d.is_mine, h.next_offset, d.end_offset from held h join due d on d.id = h.partition_id;
end $$;
create or replace function log_commit(p_group text, p_partition int, p_member uuid, p_epoch bigint, p_next bigint)
returns boolean language plpgsql as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  update log_lease set next_offset = p_next
    where group_name = p_group and partition_id = p_partition and member_id = p_member and epoch = p_epoch;
  return found;
end $$;
create or replace function log_release(p_group text, p_partition int, p_member uuid, p_epoch bigint)
returns void language plpgsql as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  update log_lease set member_id = null
    where group_name = p_group and partition_id = p_partition and member_id = p_member and epoch = p_epoch;
  if found then perform pg_notify('${SCHEMA_NAME}', 'g' || p_group); end if;
end $$;
create or replace function log_leave(p_group text, p_member uuid)
returns void language plpgsql as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  perform pg_advisory_xact_lock(${SCHEMA_LOCK}, hashtext(p_group));
  delete from log_member where group_name = p_group and member_id = p_member;
  update log_lease set member_id = null where group_name = p_group and member_id = p_member;
  perform pg_notify('${SCHEMA_NAME}', 'g' || p_group);
end $$;
`;

const TOPICS = `
create or replace function log_ensure_topics(p_topics jsonb) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(${SCHEMA_LOCK}, 0);
  insert into log_topic as o (topic, partitions, cleanup, retention_ms)
  select t.name, t.partitions, t.cleanup, t."retentionMs"
  from jsonb_to_recordset(p_topics) as t (name text, partitions int, cleanup text, "retentionMs" bigint)
  on conflict (topic) do update set partitions = greatest(o.partitions, excluded.partitions), cleanup = excluded.cleanup,
    retention_ms = excluded.retention_ms;
  insert into log_partition (topic, "partition")
  select t.topic, n from log_topic t, generate_series(0, t.partitions - 1) n
  where not exists (select from log_partition p where p.topic = t.topic and p."partition" = n);
  perform pg_notify('${SCHEMA_NAME}', 't');
end $$;
`;

const MAINTENANCE = `
create or replace function log_compact(p_partition int, p_tombstones_before bigint) returns bigint language plpgsql as $$
declare
  clean_to bigint;
  removed bigint;
begin
  select next_offset into clean_to from log_partition where id = p_partition;
  delete from log_record r using (
    select record_offset, appended_ms, value is null as is_tombstone,
      lead(record_offset) over (partition by key order by record_offset) is not null as is_superseded
    from log_record where partition_id = p_partition
  ) o
  where r.partition_id = p_partition and r.record_offset = o.record_offset
    and (o.is_superseded or (o.is_tombstone and o.appended_ms < p_tombstones_before));
  get diagnostics removed = row_count;
  -- a tombstone too young to go keeps the partition due: nothing may be appended after it
  update log_partition set compacted_to = clean_to where id = p_partition
    and not exists (select from log_record where partition_id = p_partition and value is null);
  return removed;
end $$;
create or replace function log_expire(p_partition int, p_before bigint) returns bigint language plpgsql as $$
declare
  removed bigint := 0;
  step bigint;
begin
  loop
    with oldest as (
      select record_offset, appended_ms from log_record where partition_id = p_partition order by record_offset limit 5000
    )
    delete from log_record r using oldest o
    where r.partition_id = p_partition and r.record_offset = o.record_offset and o.appended_ms < p_before;
    get diagnostics step = row_count;
    removed := removed + step;
    exit when step < 5000;
  end loop;
  return removed;
end $$;
`;

/** Makes what is missing; runs under the advisory lock {@link SCHEMA_LOCK}. */
export const SCHEMA_SQL = [
  TABLES,
  APPEND,
  SYNC,
  TOPICS,
  MAINTENANCE,
  `insert into log_meta (version) values (${SCHEMA_VERSION}) on conflict (one) do update set version = excluded.version;`,
].join('\n');
