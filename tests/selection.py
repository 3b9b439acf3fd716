"""Which tests `make test` leaves to `make test-all`: what starts whole stacks, learns, or waits.

A name is a folder, a file, a test, or one case of a test. tests/conftest.py marks what WHOLE names
as `slow`; tests/test_selection.py holds the tables to the tree.
"""

from collections.abc import Iterable

WHOLE = (
    "tests/stack",
    "tests/docs/walks",
    "tests/docs/test_notebooks.py::test_the_first_policy_is_trained_drawn_loaded_and_watched",
    "tests/conformance",
    "tests/chaos/test_chaos.py",
    "tests/load/test_load.py",
    "tests/fuzz/test_api.py",
    "tests/algorithms/environments/test_tried.py",
    "tests/algorithms/test_learning_offline.py",
    "tests/algorithms/test_learning.py::test_the_examples_learn",
    "tests/algorithms/test_learning.py::test_cartpole_is_learnt_one_update_behind_too",
    "tests/algorithms/test_learning_masks.py::test_a_masked_tour_is_learnt",
    "tests/algorithms/test_learning_pixels.py::test_catch_is_learnt",
    "tests/embedded/test_stack.py::test_a_running_stack_is_private",
    "tests/embedded/test_stack.py::test_killing_the_supervisor_leaves_no_process",
    "tests/embedded/test_stack.py::test_a_server_that_dies_is_started_again",
    "tests/embedded/test_stack.py::test_ctrl_c_ends_a_stack_in_the_foreground",
    "tests/embedded/test_stack.py::test_a_taken_gateway_port_is_said",
    "tests/embedded/test_homes.py::test_a_stack_runs_in_a_home_of_any_name",
    "tests/embedded/test_homes.py::test_a_link_leads_to_the_home",
    "tests/embedded/test_homes.py::test_without_its_home_a_stack_ends",
    "tests/embedded/test_homes.py::test_a_new_stack_does_not_wait_for_the_one_that_lost_its_home",
    "tests/embedded/test_open_files.py::test_with_what_no_stack_works_none_is_started",
    "tests/embedded/test_open_files.py::test_a_stack_takes_what_the_hard_limit_allows_and_says_that_it_bounds",
    "tests/embedded/test_slow_clients.py",
    "tests/package/test_installed.py::test_an_environment_trains_in_an_empty_folder",
    "tests/package/test_installed.py::test_a_stack_of_ones_own_runs_beside_no_checkout",
    "tests/client/test_checking.py::test_a_module_of_one_s_own_trains_from_any_folder",
    "tests/cli/test_init.py::test_what_it_wrote_trains_and_plays",
    "tests/cli/test_doctor.py::test_a_start_says_what_the_doctor_says",
)
# Of those, one of each kind that `make test` runs all the same; and three that start nothing.
SMOKE = {
    "stack": "tests/stack/test_training.py::test_start_and_follow_end_with_a_policy_and_its_report",
    "recovery": "tests/stack/test_recovery.py::test_what_the_store_lost_is_made_again"
    "[deleted-everything]",
    "chaos": "tests/chaos/test_chaos.py::test_a_stack_under_chaos_keeps_every_promise[losses]",
    "load": "tests/load/test_load.py::test_nothing_is_lost_under_load[facts]",
    "training": "tests/algorithms/test_learning.py::test_the_examples_learn[cartpole-50000]",
    "commands": "tests/stack/test_documents.py"
    "::test_every_command_is_run_or_has_a_reason_not_to_be",
    "tables": "tests/stack/test_documents.py::test_every_table_is_of_use",
    "spans": "tests/stack/test_documents.py::test_every_command_within_a_sentence_is_one",
}


def is_within(test: str, names: Iterable[str]) -> bool:
    """Whether `test`, a test's id or a file, is what one of the names says, or a part of it."""
    return any(
        test == name or test.startswith((f"{name}/", f"{name}::", f"{name}[")) for name in names
    )


def is_slow(test: str) -> bool:
    """Whether `make test` leaves it out."""
    return is_within(test, WHOLE) and not is_within(test, SMOKE.values())


def turn(test: str) -> int:
    """When it begins, from 0: first files with something slow; last what needs others' programs."""
    file = test.partition("::")[0]
    if is_within(file, ["tests/conformance"]):
        return 2  # `make test-all` builds those beside the first tests
    waits = is_within(file, WHOLE) or any(name.startswith(f"{file}::") for name in WHOLE)
    return 0 if waits else 1
