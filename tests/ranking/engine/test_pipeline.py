"""From candidates to an order."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from ranking.engine import (
    CandidateTable,
    Curve,
    Options,
    Person,
    Prior,
    Ranked,
    RankingInputError,
    Weights,
    explain,
    prepare,
    rank_candidates,
    rank_many,
    score,
    score_many,
    signals_of,
)
from ranking.engine.arrays import Float64s
from ranking.engine.diversity import crowding_creator, has_long_run
from tests.ranking.engine.worlds import HOUR, NOW, catalogue, random_catalogue, seeds

WEIGHTS = Weights()
PLAIN = Options(diversity=False, exploration_share=0.0)
DIVERSE = Options(exploration_share=0.0)
NOBODY = Person()
PRIOR = Prior(5.0, 0.4, 0.3)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def ranked(
    table: CandidateTable,
    person: Person = NOBODY,
    options: Options = PLAIN,
    prior: Prior = PRIOR,
    seed: int = 1,
) -> Ranked:
    return rank_candidates(prepare(table, prior), person, WEIGHTS, options, NOW, rng(seed))


def somebody(seed: int, n: int = 60, creators: int = 7) -> Person:
    random = rng(seed)
    return Person(
        creators=random.permutation(creators)[:3],
        creator_sums=random.integers(0, 5, 3) / 2.0,
        embedding=random.standard_normal(4).astype(np.float32),
        excluded_rows=random.integers(0, n, 10),
        excluded_creators=random.integers(0, creators, 1),
    )


def plain_formula(table: CandidateTable, person: Person, prior: Prior) -> Float64s:
    """Scores in double precision and pure Python, written from docs/ranking.md."""
    history = dict(zip(person.creators.tolist(), person.creator_sums.tolist(), strict=True))
    largest = max(history.values(), default=0.0)
    vectors = np.asarray(table.embeddings)
    scores = []
    for row in range(len(table)):
        age = min(max((NOW - table.created_at[row]) / HOUR, 0.0), 720.0)
        life = max(table.likes[row], 0) + 2 * table.shares[row] + 0.5 * table.comments[row]
        signals = (
            1 - (age / 720) ** 2,
            (table.completion_sum[row] + prior.views * prior.completion_mean) / (table.views_30d[row] + prior.views),
            min((life + prior.views * prior.engagement_mean) / (table.views[row] + prior.views), 1.0),
            history.get(int(table.creator[row]), 0.0) / largest if largest else 0.5,
            (1 + cosine(person.embedding, vectors[row])) / 2,
        )
        scores.append(sum(w * s for w, s in zip((0.15, 0.40, 0.25, 0.15, 0.05), signals, strict=True)))
    return np.array(scores)


def cosine(a: Any, b: Any) -> float:
    a, b = a.astype(np.float64), b.astype(np.float64)
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def test_a_known_world_ranks_as_worked_out_by_hand() -> None:
    table = catalogue(
        4,
        created_at=NOW - HOUR * np.array([0.0, 360.0, 720.0, 1000.0]),
        completion_sum=[0.0, 2.0, 9.0, 5.0],
        views_30d=[0, 4, 10, 5],
        likes=[0, 1, 4, 10],
        views=[0, 10, 10, 10],
    )
    person = Person(creators=np.array([1, 3]), creator_sums=np.array([4.0, 2.0]))
    result = ranked(table, person, prior=Prior())
    # 0.15 + 0 + 0 + 0; 0.1125 + 0.2 + 0.025 + 0.15; 0 + 0.36 + 0.1 + 0; 0 + 0.4 + 0.25 + 0.075
    assert_array_equal(result.rows, [3, 1, 2, 0])
    assert_allclose(result.scores, [0.725, 0.4875, 0.46, 0.15], rtol=1e-6)


@given(seeds)
def test_the_plain_order_is_that_of_the_formula(seed: int) -> None:
    table, person = random_catalogue(60, seed), somebody(seed)
    result, expected = ranked(table, person), plain_formula(table, person, PRIOR)
    assert_allclose(result.scores, expected[result.rows], atol=1e-6)
    out = set(person.excluded_rows.tolist()) | set(
        np.flatnonzero(np.isin(table.creator, person.excluded_creators)).tolist()
    )
    assert set(result.rows.tolist()) == set(range(60)) - out
    assert (np.diff(expected[result.rows]) <= 1e-6).all()


@given(seeds, st.sampled_from(Curve))
def test_what_is_explained_scores_what_was_scored(seed: int, curve: Curve) -> None:
    prepared, person = prepare(random_catalogue(60, seed), PRIOR), somebody(seed)
    options = Options(limit=20, curve=curve)
    result = rank_candidates(prepared, person, WEIGHTS, options, NOW, rng(seed))
    assert_array_equal(score(explain(prepared, person, result.rows, NOW, curve), WEIGHTS), result.scores)


@given(seeds)
def test_a_batch_ranks_as_one_by_one(seed: int) -> None:
    prepared = prepare(random_catalogue(60, seed, embedded=False), PRIOR)
    people = [somebody(seed + number) for number in range(3)] + [NOBODY]
    batch = rank_many(prepared, [(person, rng(at)) for at, person in enumerate(people)], WEIGHTS, Options(), NOW)
    for at, person in enumerate(people):
        alone = rank_candidates(prepared, person, WEIGHTS, Options(), NOW, rng(at))
        assert_array_equal(batch[at].rows, alone.rows)
        assert_array_equal(batch[at].scores, alone.scores)
        assert_array_equal(batch[at].explored, alone.explored)


@given(seeds)
def test_a_batch_scores_as_one_by_one_with_embeddings_too(seed: int) -> None:
    """But for the last bit: a product of matrices adds in another order than one of a matrix and a vector."""
    prepared = prepare(random_catalogue(60, seed), PRIOR)
    people = [somebody(seed + number) for number in range(3)] + [NOBODY]
    scores = score_many(prepared, people, WEIGHTS, NOW)
    alone = [score(signals_of(prepared, person, NOW), WEIGHTS) for person in people]
    assert_allclose(scores, np.stack(alone), atol=1e-6)


def test_a_batch_of_nobody_is_empty() -> None:
    prepared = prepare(random_catalogue(5, 1), PRIOR)
    assert rank_many(prepared, [], WEIGHTS, Options(), NOW) == []


def test_a_batch_refuses_embeddings_of_another_width() -> None:
    prepared = prepare(random_catalogue(5, 1), PRIOR)
    stranger = Person(embedding=np.ones(3, np.float32))
    with pytest.raises(RankingInputError, match="dimensions"):
        score_many(prepared, [NOBODY, stranger], WEIGHTS, NOW)


@given(seeds)
def test_the_order_of_the_catalogue_does_not_matter(seed: int) -> None:
    table = random_catalogue(60, seed, embedded=False)
    shuffled = table.take(rng(seed).permutation(60)).in_tie_order()
    first, second = ranked(table, somebody(seed)), ranked(shuffled, somebody(seed))
    assert_array_equal(table.video_id[first.rows], shuffled.video_id[second.rows])


@given(seeds, st.integers(0, 70), st.floats(0.0, 1.0))
def test_nobody_sees_a_video_twice_or_one_that_is_excluded(seed: int, limit: int, share: float) -> None:
    table, person = random_catalogue(60, seed), somebody(seed)
    result = ranked(table, person, Options(limit=limit, exploration_share=share), seed=seed)
    shown = result.rows.tolist()
    assert len(set(shown)) == len(shown) <= limit
    assert not set(shown) & set(person.excluded_rows.tolist())
    assert not set(table.creator[shown].tolist()) & set(person.excluded_creators.tolist())


@given(seeds, st.integers(3, 70), st.integers(1, 4), st.floats(0.0, 0.3))
def test_no_three_in_a_row_are_shown_where_there_is_a_choice(
    seed: int, limit: int, creators: int, share: float
) -> None:
    table = random_catalogue(60, seed, creators=creators)
    shown = table.creator[ranked(table, NOBODY, Options(limit=limit, exploration_share=share), seed=seed).rows]
    if has_long_run(shown):
        everyone = np.bincount(table.creator)
        others_left = 60 - everyone.max() - np.count_nonzero(shown != everyone.argmax())
        assert crowding_creator(shown) == everyone.argmax()
        assert others_left == 0


def test_one_creator_with_all_the_best_videos_leaves_room_for_others() -> None:
    creators = np.array([0] * 100 + list(range(1, 51)), np.int32)
    table = catalogue(150, creator=creators, likes=np.where(creators == 0, 9, 1), views=np.full(150, 10))
    plain, diverse = (
        ranked(table, options=Options(60, diversity=False, exploration_share=0.0)),
        ranked(table, options=Options(60, exploration_share=0.0, decay=1.0)),
    )
    assert (creators[plain.rows] == 0).all()
    assert not has_long_run(creators[diverse.rows])
    assert np.count_nonzero(creators[diverse.rows] == 0) == 40
    assert len(diverse.rows) == 60


def test_diversity_reports_undecayed_scores() -> None:
    table = catalogue(6, creator=np.zeros(6, np.int32))
    plain, diverse = ranked(table), ranked(table, options=DIVERSE)
    assert_array_equal(diverse.scores, plain.scores)


def test_decay_lets_another_creator_pass() -> None:
    table = catalogue(3, creator=np.array([0, 0, 1], np.int32))
    assert_array_equal(ranked(table).rows, [0, 1, 2])
    assert_array_equal(ranked(table, options=DIVERSE).rows, [0, 2, 1])


def test_new_videos_get_their_share_of_slots() -> None:
    n = 400
    new = np.arange(n) >= 300
    result = ranked(catalogue(n, new=new), options=Options(limit=200, exploration_share=0.05))
    assert len(result.rows) == 200
    assert 9 <= np.count_nonzero(result.explored) <= 10
    assert new[result.rows[result.explored]].all()
    assert not result.explored[:2].any()


@given(seeds, st.floats(0.0, 0.5))
def test_what_is_reported_as_explored_is_new(seed: int, share: float) -> None:
    table = random_catalogue(60, seed, creators=2)
    result = ranked(table, options=Options(limit=40, exploration_share=share), seed=seed)
    assert table.new[result.rows[result.explored]].all()


def test_a_new_video_that_is_excluded_is_not_explored() -> None:
    table = catalogue(10, new=np.arange(10) == 9)
    person = Person(excluded_rows=np.array([9]))
    result = ranked(table, person, Options(exploration_share=1.0))
    assert 9 not in result.rows
    assert not result.explored.any()


def test_added_videos_are_not_reported_as_explored() -> None:
    creators = np.array([0] * 30 + list(range(1, 16)), np.int32)
    table = catalogue(
        45, creator=creators, new=creators == 0, likes=np.where(creators == 0, 9, 1), views=np.full(45, 10)
    )
    result = ranked(table, options=Options(limit=30, exploration_share=0.1))
    assert not has_long_run(creators[result.rows])
    assert table.new[result.rows[result.explored]].all()
    assert np.count_nonzero(creators[result.rows]) == 10


def test_an_empty_catalogue_ranks_to_nothing() -> None:
    for options in (PLAIN, Options()):
        result = ranked(catalogue(0), options=options)
        assert result.rows.tolist() == result.scores.tolist() == result.explored.tolist() == []


def test_a_catalogue_nobody_has_seen_ranks_newest_first() -> None:
    assert_array_equal(ranked(catalogue(30), prior=Prior()).rows, np.arange(30))


def test_videos_of_the_same_hour_and_signals_rank_by_id() -> None:
    table = catalogue(20, created_at=np.full(20, NOW - HOUR), likes=np.ones(20), views=np.full(20, 7))
    assert_array_equal(ranked(table).rows, np.arange(20))


def test_a_person_without_history_has_affinity_one_half_and_no_deep_signal() -> None:
    signals = signals_of(prepare(random_catalogue(10, 1), PRIOR), NOBODY, NOW)
    assert_array_equal(signals[:, 3], np.full(10, 0.5))
    assert_array_equal(signals[:, 4], np.zeros(10))


def test_a_table_without_embeddings_has_no_deep_signal() -> None:
    signals = signals_of(prepare(random_catalogue(10, 1, embedded=False), PRIOR), somebody(1), NOW)
    assert_array_equal(signals[:, 4], np.zeros(10))


def test_the_steep_curve_reaches_the_signals() -> None:
    table = catalogue(1, created_at=[NOW - 360 * HOUR])
    assert explain(prepare(table, PRIOR), NOBODY, np.array([0]), NOW, Curve.STEEP)[0, 0] == 0.25
    assert explain(prepare(table, PRIOR), NOBODY, np.array([0]), NOW)[0, 0] == 0.75


def test_signals_are_ready_for_scoring_without_a_copy() -> None:
    signals = signals_of(prepare(random_catalogue(50, 4), PRIOR), somebody(4), NOW)
    assert signals.dtype == np.float32
    assert signals.flags.f_contiguous


@pytest.mark.parametrize(
    "wrong",
    [{"limit": -1}, {"decay": 0.0}, {"decay": 1.5}, {"exploration_share": -0.1}, {"exploration_share": 2.0}],
)
def test_options_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(RankingInputError, match=next(iter(wrong))):
        Options(**wrong)
