"""From what was seen to what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timezone

from myriad.diagnosis.finding import Finding, Limits
from myriad.diagnosis.observation import Look, Observation
from myriad.resources.operations import DeadLetter, ServiceOperations, TopicLag


def diagnose(seen: Observation, limits: Limits | None = None, now: datetime | None = None) -> list[Finding]:
    """All findings, the critical ones first."""
    limits = limits or Limits()
    now = now or datetime.now(timezone.utc)
    found = [
        *_services(seen),
        *(finding for name, look in seen.services.items() for finding in _service(name, look, limits, now)),
        *(finding for name in seen.letters for finding in _letters(name, seen.letters[name])),
        *_replicas(seen),
        *_rollouts(seen, limits, now),
        *_keys(seen, limits, now),
        *_clocks(seen, limits),
        *_versions(seen),
    ]
    return sorted(found, key=lambda finding: finding.severity != "critical")


def _services(seen: Observation) -> Iterator[Finding]:
    answered = {name for name, look in seen.services.items() if look.second is not None}
    for service in seen.gateway.services:
        if not service.is_ready:
            what = f"not ready since {_clock(service.since)}: {service.reason}"
            yield Finding("critical", "service_not_ready", service.service, what, _restart(service.service))
        elif service.service not in answered:
            what = f"says that it is ready, but does not answer: {seen.services[service.service].error}"
            yield Finding("critical", "service_silent", service.service, what, _restart(service.service))


def _service(name: str, look: Look, limits: Limits, now: datetime) -> Iterator[Finding]:
    state = look.second
    if state is None:
        return
    for check in state.checks:
        if not check.ok:
            what = f"{check.name} has not held since {_clock(check.since)}: {check.reason}"
            yield Finding("critical", "check_failed", name, what, f"look at what {check.name} says, then: {_logs(name)}")
    yield from _events(name, look.first, state, limits)
    yield from _outbox(name, look.first, state, limits)
    yield from _snapshots(name, state, limits, now)
    if state.pool.waiting > 0 and state.pool.used >= state.pool.size:
        what = f"{state.pool.waiting} callers wait for one of {state.pool.size} database connections"
        yield Finding("warning", "pool_exhausted", name, what, "raise DATABASE_POOL_SIZE, or add a replica")
    if state.event_loop_delay_seconds > limits.event_loop_delay:
        what = f"its event loop is {state.event_loop_delay_seconds:.2f} s late (p99)"
        yield Finding("warning", "event_loop_late", name, what, "give it more CPU, or add a replica")


def _events(name: str, first: ServiceOperations | None, state: ServiceOperations, limits: Limits) -> Iterator[Finding]:
    before = {topic.topic: topic.lag_records for topic in (first.events if first else None) or ()}
    for topic in state.events or ():
        if not _is_behind(topic, before.get(topic.topic, topic.lag_records), limits):
            continue
        growth = topic.lag_records - before.get(topic.topic, topic.lag_records)
        trend = f"growing by {growth}" if growth > 0 else "shrinking" if growth < 0 else "not shrinking"
        age = f", the oldest {topic.oldest_age_seconds:.0f} s old" if topic.oldest_age_seconds else ""
        what = f"{topic.lag_records} records of {topic.topic} are not handled yet{age} ({trend})"
        yield Finding("warning", "events_behind", name, what, f"{_logs(name)}; if it retries one event, see why")


def _is_behind(topic: TopicLag, before: int, limits: Limits) -> bool:
    is_old = (topic.oldest_age_seconds or 0) > limits.event_age
    is_much = topic.lag_records > limits.lag_records and topic.lag_records >= before
    return is_old or is_much


def _outbox(name: str, first: ServiceOperations | None, state: ServiceOperations, limits: Limits) -> Iterator[Finding]:
    outbox = state.outbox
    if outbox is None or outbox.oldest_age_seconds <= limits.outbox_age:
        return
    earlier = first.outbox.oldest_age_seconds if first and first.outbox else 0
    if outbox.oldest_age_seconds <= earlier:
        return
    what = f"{outbox.records} events wait in the outbox, the oldest for {outbox.oldest_age_seconds:.0f} s, and it grows"
    yield Finding("critical", "outbox_stuck", name, what, "see whether the event log takes events (Kafka, or PostgreSQL)")


def _snapshots(name: str, state: ServiceOperations, limits: Limits, now: datetime) -> Iterator[Finding]:
    for snapshot in state.snapshots or ():
        # of a topic that has just been filled the first one may still be being written
        if snapshot.overdue_seconds <= limits.snapshot_overdue:
            continue
        if snapshot.made_at is None:
            have = "there is no snapshot"
        else:
            age, size = (now - snapshot.made_at).total_seconds(), snapshot.size_bytes / 1_000_000
            have = f"the newest snapshot ({snapshot.keys} keys, {size:.1f} MB) is {_length(age)} old"
        effect = "read the whole topic" if not snapshot.is_usable else f"read {snapshot.new_records} records besides"
        late = f"a newer one is overdue for {_length(snapshot.overdue_seconds)}"
        what = f"{snapshot.topic}: {have}, {late}; replicas that begin now {effect}"
        step = f"{_logs(name)} for 'no snapshot was written', and see whether the object store answers"
        yield Finding("warning", "snapshot_overdue", name, what, step)


def _letters(name: str, letters: list[DeadLetter] | tuple[DeadLetter, ...]) -> Iterator[Finding]:
    by_cause = Counter((letter.event_type or letter.topic, letter.code, letter.reason) for letter in letters)
    for (kind, code, reason), count in by_cause.items():
        one = next(letter for letter in letters if (letter.event_type or letter.topic, letter.code) == (kind, code))
        what = f"{count} dead letter{'s' if count > 1 else ''} of {kind}: {code}: {reason[:200]}"
        step = f"when the cause is gone: myriad dead-letters replay {name} {one.dead_letter_id if count == 1 else '--all'}"
        yield Finding("critical", "dead_letters", name, what, step)


def _replicas(seen: Observation) -> Iterator[Finding]:
    for replica in seen.gateway.replicas:
        if not replica.is_ready:
            subject = f"{replica.environment}/{replica.pool}"
            what = f"the replica at {replica.url} is not ready since {_clock(replica.since)}: {replica.reason}"
            yield Finding("critical", "replica_not_ready", subject, what, "kubectl get pods, or npm run status")
    for pool in seen.pools:
        if pool.placements > 0 and (not pool.replicas or pool.status == "failed"):
            what = f"{pool.placements} models are placed there, its status is '{pool.status}', replicas: {len(pool.replicas)}"
            step = f"{_logs('deployer')}; then the logs of the replica"
            yield Finding("critical", "pool_empty", f"{pool.environment}/{pool.pool}", what, step)


def _rollouts(seen: Observation, limits: Limits, now: datetime) -> Iterator[Finding]:
    for rollout in seen.rollouts:
        age = (now - rollout.created_at).total_seconds()
        if age > limits.rollout_age:
            subject = f"{rollout.tenant_id}/{rollout.model_name}"
            what = f"version {rollout.version} in {rollout.environment} is not confirmed by a replica for {age:.0f} s"
            step = f"myriad rollouts rollback {rollout.rollout_id} --reason …, or see the replica's logs"
            yield Finding("warning", "placement_unconfirmed", subject, what, step)


def _keys(seen: Observation, limits: Limits, now: datetime) -> Iterator[Finding]:
    for key in seen.keys:
        if key.revoked_at is not None or key.expires_at is None:
            continue
        left = (key.expires_at - now).total_seconds()
        if 0 < left < limits.key_expires:
            what = f"the key of {key.principal_id} expires at {_clock(key.expires_at)}"
            step = f"myriad keys create {key.principal_id}, bring it to its user, then myriad keys revoke {key.key_id}"
            yield Finding("warning", "key_expires", key.prefix, what, step)


def _clocks(seen: Observation, limits: Limits) -> Iterator[Finding]:
    if abs(seen.clock_ahead) - seen.clock_error > limits.clock_skew:
        direction = "ahead of" if seen.clock_ahead > 0 else "behind"
        what = f"its clock is {abs(seen.clock_ahead):.1f} s {direction} this machine's"
        yield Finding("warning", "clock_skew", "gateway", what, "see the time service (chronyc tracking) on both")
    for name, look in seen.services.items():
        if look.second is None or look.first is None:
            continue
        # both were asked at about the same time: within the pause and what the requests took
        apart = (look.first.now - seen.gateway.now).total_seconds()
        if abs(apart) > limits.clock_skew + 2 * seen.clock_error + 5:
            what = f"its clock is {apart:+.1f} s from the gateway's"
            yield Finding("warning", "clock_skew", name, what, "see the time service (chronyc tracking) there")


def _versions(seen: Observation) -> Iterator[Finding]:
    versions = {"gateway": seen.gateway.version}
    versions |= {name: look.second.version for name, look in seen.services.items() if look.second is not None}
    if len(set(versions.values())) > 1:
        what = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
        yield Finding("warning", "versions_differ", "mesh", what, "finish the roll-out of the newer version")


def _restart(service: str) -> str:
    return f"{_logs(service)}; standalone restarts it by itself (npm run status), in a cluster: kubectl rollout status"


def _logs(service: str) -> str:
    return f"read its log (.myriad/logs/{service}.log, or kubectl logs -l app={service})"


def _length(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"


def _clock(at: datetime) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
