# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults that are injected, how, what must hold, and the tests that do it.

A row survives when all its tests pass, whatever their parameters. `run.py` runs them and prints the table.
"""

from dataclasses import dataclass

STEP = "tests/blender/faults/test_each_step.py::test_a_fault_of_the_engine"
TALK = "tests/blender/faults/test_each_step.py::test_too_many_words_in_each_step_neither_hold_blender_nor_spoil_the_job"
MID = "tests/blender/faults/test_in_mid_job.py::test_"
DISK = "tests/blender/faults/test_disk.py::test_"
OTHER = "tests/blender/faults/test_other_processes.py::test_"
MEMORY = "tests/blender/faults/test_memory.py::test_"
GENERATE = "tests/blender/test_generate.py::test_"
LOOK = "tests/blender/test_look.py::test_"
WORKER = "tests/engine/test_worker.py::test_"
INSTALL = "tests/unit/test_vendor_install.py::test_"
QUEUE = "tests/blender/test_queue.py::test_"
BUTTON = "tests/blender/test_install_button.py::test_"
HOSTILE = "tests/unit/test_hostile_input.py::test_"
CHECKPOINT = "tests/engine/published/test_checkpoint.py::test_"

TOLD = "told in words with what to do; scene as before; job's files gone; no process left; the next click works"
GOES_ON = "the human comes; Blender is not held; nothing is left behind"
NOTHING_HALF = "told in words; the file that was there stays whole; no half file beside it"
REFUSED = "read, or refused in words; nothing is run or written"


@dataclass(frozen=True)
class Row:
    """A fault; `tests`: node ids, of parametrised tests with or without a parameter."""

    fault: str
    injected: str
    holds: str
    tests: tuple[str, ...]


def _row(fault: str, injected: str, holds: str, *tests: str) -> Row:
    return Row(fault, injected, holds, tests)


ROWS = (
    # ---- the engine's process
    _row("Engine killed, in each step", "the worker sends itself SIGKILL as the step begins", TOLD,
         f"{STEP}[killed]", f"{GENERATE}a_killed_engine_changes_nothing_and_the_next_click_works"),
    _row("Engine crashed", "SIGSEGV", TOLD, f"{STEP}[crashed]", f"{WORKER}a_crash_names_its_signal"),
    _row("Engine left", "exit with code 3", TOLD, f"{STEP}[left]"),
    _row("Engine hung, in each step", "SIGSTOP as the step begins", TOLD, f"{STEP}[hung]",
         f"{GENERATE}a_hung_engine_changes_nothing_and_the_next_click_works"),
    _row("Engine hung, and cancelled", "SIGSTOP, then Cancel", "ended after the time it has; cancelled is told",
         f"{WORKER}a_cancel_that_is_not_heeded_ends_the_engine"),
    _row("Engine slow, not hung", "a limit below its time to load", "it is asked, answers and is not ended",
         f"{WORKER}a_slow_engine_that_answers_is_not_ended"),
    _row("Garbage, in each step", "bytes that are no text among the events", TOLD, f"{STEP}[garbage]"),
    _row("A line cut off, in each step", "half an event, then exit", TOLD, f"{STEP}[cut_off]"),
    _row("Two lines glued", "half an event before a whole one", TOLD, f"{STEP}[glued]"),
    _row("A line without an end", "10 MB without a line's end", TOLD, f"{STEP}[endless]"),
    _row("Events flood, in each step", "200,000 events at once", GOES_ON, f"{TALK}[flood]",
         "tests/unit/test_child.py::test_a_flood_of_lines_is_read_in_portions"),
    _row("A library floods the log, in each step", "2,000 long lines on standard error", GOES_ON, f"{TALK}[chatter]"),
    _row("A library prints among the events", "a write to standard output", "it is log, never an event",
         f"{WORKER}what_libraries_print_is_log_and_never_an_event"),
    _row("Wrong protocol", "an event of a kind that is not known", TOLD, f"{STEP}[tomorrow]"),
    _row("Wrong orders", "lines and values that are no command", REFUSED,
         "tests/unit/test_protocol.py::test_wrong_lines_name_what_is_wrong",
         "tests/unit/test_protocol.py::test_wrong_values_name_their_field", f"{HOSTILE}a_line_is_a_message_or_refused"),
    _row("Engine killed while idle", "SIGKILL between two jobs", "no error; the next click works",
         f"{MID}the_engine_is_killed_while_idle_and_the_next_click_works",
         f"{WORKER}an_engine_killed_while_idle_is_no_error"),
    _row("A job just misses an engine that leaves", "idle time of 0 s", "another one does the job",
         f"{WORKER}idle_it_leaves_and_a_job_that_just_misses_it_is_not_lost"),
    _row("A mistake in the program, in each step", "ZeroDivisionError", f"{TOLD}; the engine stays",
         f"{STEP}[unforeseen]"),
    _row("Engine gone while it looks at a photo", "its process is ended", "another one looks",
         f"{LOOK}an_engine_that_goes_away_is_started_again_for_it"),
    _row("Cancel, in each step", "Cancel as the step begins", "cancelled; scene as before; the engine stays",
         f"{GENERATE}cancelled_it_changes_nothing", f"{WORKER}a_cancel_is_honoured_in_each_step",
         f"{GENERATE}cancelled_when_it_is_finished_but_not_brought_in"),
    # ---- memory and devices
    _row("No memory, in each step", "MemoryError", f"{TOLD}; the engine stays", f"{STEP}[memory]"),
    _row("No memory, for real", "RLIMIT_AS at what the engine has, and 60 and 200 MB more", TOLD,
         f"{MEMORY}the_engine_gets_no_more_memory"),
    _row("Graphics card's memory does not last", "the device's error, in each step", "smaller pieces, then the CPU",
         "tests/engine/test_pipeline.py::test_a_job_that_the_gpus_memory_does_not_last_for_is_done_on_the_cpu"),
    _row("Graphics card lost (simulated)", "CUDA's error of a failed launch", TOLD, f"{STEP}[card]"),
    _row("100 jobs in a row", "100 times Generate Human, one engine",
         "engine and Blender need no more than 30 MB more in the last quarter than in the first",
         f"{MEMORY}many_jobs_in_a_row_leave_the_memory_flat"),
    # ---- disks and permissions
    _row("Disk full: events", "no room as an event is written; /dev/full", TOLD, f"{STEP}[full]",
         f"{WORKER}a_full_disk_is_told_even_when_no_event_can_be_written"),
    _row("Disk full: result", "RLIMIT_FSIZE of 100 kB", TOLD, f"{WORKER}a_full_disk_is_told_for_the_result",
         f"{GENERATE}a_full_disk_changes_nothing_and_the_next_click_works"),
    _row("Disk full: log", "RLIMIT_FSIZE of 0", TOLD, f"{DISK}no_room_for_the_engine_s_log_and_events"),
    _row("Disk full: painted photo", "RLIMIT_FSIZE of 2 kB as Blender saves it", TOLD,
         f"{DISK}a_painted_photo_cannot_be_saved_for_the_engine"),
    _row("Disk full: packed photo", "RLIMIT_FSIZE of 500 B", TOLD,
         f"{DISK}a_packed_photo_cannot_be_saved_for_the_engine"),
    _row("Disk full: export (GLB, FBX, STL, OBJ, USD)", "RLIMIT_FSIZE of 1 kB", NOTHING_HALF,
         f"{DISK}no_room_for_an_export"),
    _row("Disk full: report of the checks", "RLIMIT_FSIZE of 10 B", NOTHING_HALF,
         f"{DISK}no_room_for_a_report_of_the_checks"),
    _row("Disk full: this computer's pace", "RLIMIT_FSIZE of 0", "no message; no half file",
         f"{DISK}no_room_for_the_pace_of_this_computer"),
    _row("Disk full: command line's files", "a write that fails", NOTHING_HALF,
         "tests/engine/files/test_result.py::test_a_full_disk_is_told_plainly",
         "tests/engine/files/test_result.py::test_a_failed_write_keeps_the_old_file_and_leaves_nothing_beside_it"),
    _row("Engine's folder cannot be written", "a file in its way", "told with the folder; nothing changes",
         f"{GENERATE}a_folder_that_cannot_be_written_is_told",
         f"{INSTALL}a_folder_that_cannot_be_written_is_told_about"),
    _row("Export's folder cannot be written", "a folder that is not there, a folder in the file's place", NOTHING_HALF,
         "tests/blender/test_programs.py::test_a_file_that_cannot_be_written_is_told_and_leaves_nothing"),
    _row("Others read the job's photo", "modes of the job's folders", "nobody else's to read; gone afterwards",
         f"{DISK}what_lies_about_a_job_is_nobody_else_s"),
    # ---- what is read
    _row("Photo damaged, missing, of nobody", "such files", TOLD,
         f"{GENERATE}a_photo_that_will_not_do_changes_nothing", f"{LOOK}a_photo_of_which_nothing_can_come_says_so"),
    _row("Result cut off", "the result is cut before it is read", TOLD,
         f"{GENERATE}a_result_that_is_broken_changes_nothing",
         "tests/blender/test_scene.py::test_a_cut_off_or_missing_result_is_refused"),
    _row("Result tampered with", "other bytes, other arrays", REFUSED,
         f"{HOSTILE}a_result_with_other_bytes_is_read_or_refused",
         f"{HOSTILE}a_result_with_other_arrays_is_read_or_refused"),
    _row("Blender fails while it builds the scene", "an error at the end of building", "nothing of the human is left",
         "tests/blender/test_scene.py::test_a_failure_at_the_end_leaves_nothing"),
    _row("Weights truncated or tampered with", "other bytes, cut files, of another version", REFUSED,
         f"{HOSTILE}weights_and_checkpoints_with_other_bytes_are_read_or_refused",
         f"{CHECKPOINT}a_file_cut_short_is_told", f"{CHECKPOINT}files_of_another_version_are_told"),
    _row("Weights that answer NaN", "such a network", "named as broken",
         "tests/engine/surface/test_extraction.py::test_a_model_that_answers_nan_is_named_as_broken"),
    _row("Code in a checkpoint", "pickles that would run a program", "it is not run; refused in words",
         f"{CHECKPOINT}code_in_a_checkpoint_is_not_run", f"{CHECKPOINT}code_in_a_plain_pickle_is_not_run"),
    _row("An imported model broken", "its file is damaged", TOLD,
         "tests/blender/test_models.py::test_a_model_that_is_broken_is_told_with_the_way_to_the_preferences"),
    # ---- the engine's environment
    _row("Environment removed or half updated under a warm engine",
         "stamp deleted, of other packages, cut; Python gone",
         "the job at work ends well; then told with Install, Update or Repair; put back, the next click works",
         f"{MID}the_environment_is_removed_and_updated_under_a_warm_engine"),
    _row("A library deleted under a warm engine", "ModuleNotFoundError in a step", f"{TOLD}: Repair",
         f"{STEP}[library]"),
    _row("Libraries that do not load", "torch raises", "told with Repair",
         f"{WORKER}libraries_that_do_not_load_are_told"),
    _row("No engine, one of another version, a Python that is gone or no program", "such stamps", "told with a button",
         f"{GENERATE}without_an_engine_it_says_so_and_offers_to_install_it",
         f"{GENERATE}an_engine_of_another_version_is_not_used", f"{GENERATE}an_engine_whose_python_is_gone_is_told",
         f"{GENERATE}a_python_that_cannot_run_is_told"),
    _row("Log and session folder deleted under a warm engine", "rm -r", "the next click works",
         f"{MID}the_log_and_the_session_s_folder_are_removed_under_a_warm_engine"),
    _row("Install killed", "SIGKILL while pip writes; two at once", "no good stamp; no lock; the next one repairs",
         f"{INSTALL}a_killed_install_is_no_good_one_and_the_next_repairs_it",
         f"{INSTALL}a_lock_whose_owner_was_killed_is_free"),
    _row("Install interrupted", "SIGTERM; Cancel", "told; no lock; no pip left",
         f"{INSTALL}ended_by_a_signal_it_says_so_and_takes_pip_along", f"{BUTTON}cancelled_it_stops"),
    _row("Install without network or wheels", "offline; an empty folder", "told with the way out; nothing written",
         f"{BUTTON}offline_it_is_refused_with_the_way_to_allow_it", f"{BUTTON}without_the_wheels_it_fails_in_words"),
    _row("Install into somebody's folder", "a folder with other files", "neither used nor removed",
         f"{INSTALL}a_folder_of_somebody_else_is_neither_used_nor_removed"),
    # ---- Blender and the artist
    _row("Blender crashes or ends in mid-job", "SIGKILL; end of its script",
         "the engine ends; photo and half result are swept by the next Blender",
         f"{OTHER}another_blender_goes_in_mid_job",
         f"{WORKER}the_engine_ends_in_the_middle_of_a_job_when_blender_dies",
         f"{WORKER}a_job_that_heeds_nothing_ends_too_when_blender_is_gone"),
    _row("File opened in mid-job", "New File", "the job ends; nothing comes into the other file",
         f"{GENERATE}opening_another_file_ends_the_job"),
    _row("File opened while installing", "New File", "the install goes on",
         f"{BUTTON}it_goes_on_while_another_file_is_opened"),
    _row("Undo in mid-job", "one undo of something else", GOES_ON, f"{MID}undo_in_mid_job"),
    _row("Scene deleted in mid-job", "its scene is removed", "the human comes into the one that is shown",
         f"{MID}the_scene_is_deleted_in_mid_job"),
    _row("Photo deleted in mid-job", "its image is removed", GOES_ON, f"{MID}the_photo_is_deleted_in_mid_job"),
    _row("Render running in mid-job (windowed)", "Cycles renders as the engine ends",
         "nothing is changed meanwhile; then the human comes", "tests/gui/test_window.py::test_everything_holds"),
    _row("Blender quit (windowed)", "quit with a warm engine", "no process left; no file left",
         "tests/gui/test_window.py::test_nothing_runs_on_or_lies_about_once_blender_has_quit"),
    _row("Add-on disabled in mid-job", "unregistered and registered again",
         "the job ends; no process left; works again",
         f"{MID}the_add_on_is_disabled_and_enabled_in_mid_job"),
    _row("Add-on upgraded in mid-job", "a later version's zip is installed over it",
         "the job ends; nothing of the old one is left; scene and settings as before; the new one works",
         "tests/blender/faults/test_upgrade.py::test_the_extension_is_upgraded_in_mid_job"),
    _row("Extension disabled and enabled", "the built zip in an empty profile", "nothing left registered; works again",
         "tests/blender/test_extension.py::test_it_installs_enables_disables_and_generates"),
    _row("Blender's main thread held up", "4 s without a tick", GOES_ON, f"{MID}blender_alone_is_held_up_in_mid_job"),
    _row("Another choice while looking at a photo", "Look, then another photo; then Generate", "the newest wish counts",
         f"{LOOK}the_next_choice_takes_the_place_of_the_last",
         f"{LOOK}a_look_makes_way_for_a_job_and_comes_after_it"),
    # ---- the computer
    _row("Clock jumps in mid-job", "4,000 days forth and back", GOES_ON, f"{MID}the_clock_jumps_in_mid_job"),
    _row("Computer sleeps in mid-job", "SIGSTOP to Blender and engine, SIGCONT after 5 s", GOES_ON,
         f"{MID}the_computer_sleeps_in_mid_job"),
    _row("Two Blenders, one engine home", "two at work at once", "both humans come; none sweeps the other's files",
         f"{OTHER}two_blenders_work_at_once_and_sweep_nothing_of_each_other"),
    _row("Two versions, one engine home", "the environment is changed under one of them",
         "one says that the engine is outdated, the other goes on", f"{OTHER}two_versions_share_one_engine_home"),
    _row("One photo of the panel's queue is damaged, or the engine dies over it", "a cut file; SIGKILL",
         "it says why; the rest is made", f"{QUEUE}a_folder_becomes_a_row_and_one_that_fails_stops_nobody",
         f"{QUEUE}an_engine_that_dies_costs_one_photo"),
    _row("The queue is stopped, undone or its file left", "Stop, Cancel, undo, another file; no engine",
         "what was not made waits; what was made is not made again", f"{QUEUE}it_stops",
         f"{QUEUE}an_undone_human_is_not_made_again", f"{QUEUE}without_an_engine_all_wait",
         f"{QUEUE}another_file_ends_it_and_one_saved_meanwhile_waits_again"),
    _row("One of many photos fails or its process is killed", "a damaged photo; SIGKILL", "the rest is made",
         "tests/engine/batch/test_batch.py::test_one_that_fails_does_not_stop_the_rest",
         "tests/engine/batch/test_batch.py::test_a_process_that_is_killed_takes_nothing_with_it"),
)  # fmt: skip
