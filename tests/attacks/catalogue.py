"""The attacks that a sandbox is tried with: what must not happen, which test tries it, who holds it.

Owns the list that ``docs/security.md`` shows. Invariant: each attack has a test of its name, each test here an attack;
one that a place cannot hold stays in the list with what happens instead, and its test asserts that. Leaves out the
attacks themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

DOCKER, GVISOR, BUBBLEWRAP = "docker", "docker-runsc", "bubblewrap"
PLACES = (DOCKER, GVISOR, BUBBLEWRAP)


@dataclass(frozen=True)
class Attack:
    """``never`` completes "it must not happen that …". ``weaker`` says by place what happens where it is not held.

    ``test`` is where it is tried when that is not ``test_<id>`` in its group's file, ``tried`` by which places it is.
    """

    id: str
    never: str
    weaker: Mapping[str, str] = field(default_factory=dict)
    test: str = ""
    tried: tuple[str, ...] = PLACES


@dataclass(frozen=True)
class Group:
    """Attacks of one kind. ``file`` holds their tests."""

    title: str
    file: str
    attacks: tuple[Attack, ...]

    def test(self, attack: Attack) -> str:
        """Where an attack is tried, as pytest takes it."""
        return attack.test or f"tests/attacks/{self.file}::test_{attack.id}"


FORGED = dict.fromkeys(
    PLACES,
    "they are taken down like others: the candidate's word, which `verified_before_submit` takes for what was run",
)
CHEAT = "tests/attacks/test_grader.py::test_a_cheat_in_python_scores_like_no_solution"

GROUPS = (
    Group(
        "Escape and privilege",
        "test_escape.py",
        (
            Attack("set_user_id_programs", "a program lends the candidate its owner's rights"),
            Attack("users_and_capabilities", "a candidate becomes another user or gains a capability"),
            Attack("mounts", "a file system is mounted, moved or taken away"),
            Attack("namespaces", "a new namespace is made or another's entered"),
            Attack(
                "reading_the_agents_memory",
                "the agent's memory is read, written or traced",
                {GVISOR: "where its memory lies and what it was started with can be read, not what is in it"},
            ),
            Attack(
                "taking_the_agents_stream",
                "the agent's stream to the server is read or written",
                {
                    GVISOR: "it can be: bytes that break the protocol end the sandbox, and what an agent says is never a proof"
                },
            ),
            Attack(
                "settings_of_the_kernel",
                "a setting of the kernel can be written",
                {
                    BUBBLEWRAP: "queues' and segments' sizes and process numbers of the sandbox's own namespaces can be set"
                },
            ),
            Attack(
                "devices_and_raw_memory",
                "a disk, a port or physical memory is opened",
                {GVISOR: "device files can be made, with nothing of the host behind them"},
            ),
            Attack("programs_in_the_kernel", "code is loaded into the kernel, or memory taken that it does not count"),
            Attack("keyrings", "keys of the host are listed, or left for others"),
            Attack("odd_sockets", "a socket of a family that interviews do not need is opened"),
            Attack("typing_into_a_terminal", "a program types into a terminal, also by numbers with high bits set"),
            Attack("another_personality", "protections of memory are switched off by personality"),
            Attack("files_by_handle", "a file is opened by its number, past all folders"),
            Attack("switches_of_the_machine", "clock, name, modules, swap or power of the host are touched"),
            Attack(
                "other_ways_to_call",
                "a 32-bit or x32 system call slips past the filter",
                {GVISOR: "a 32-bit call is taken for the 64-bit one of its number, by gVisor's own kernel"},
            ),
            Attack("control_groups", "a control group is made or changed from inside"),
            Attack("changing_the_place_itself", "programs, settings or the agent are changed for whoever comes next"),
            Attack("greedy_scheduling", "a program gets more of the processor than its priority gives"),
            Attack(
                "not_being_the_first_to_go",
                "the host's memory killer spares a candidate's program before the server",
                {GVISOR: "a program sets its rank among those inside; the host ranks the sandbox as a whole"},
            ),
            Attack("sockets_of_daemons", "a daemon of the host is reachable by a socket file"),
        ),
    ),
    Group(
        "Exhaustion",
        "test_exhaustion.py",
        (
            Attack("fork_bomb", "more processes run than were granted"),
            Attack(
                "fork_bomb_in_sessions_of_its_own", "programs that hid in sessions of their own outlive their command"
            ),
            Attack("fork_bomb_in_a_terminal", "files cannot be read or written while every process is used up"),
            Attack("orphans_that_end", "processes that have ended pile up unreaped"),
            Attack("memory_hog", "a program takes more memory than the sandbox was granted"),
            Attack("memory_in_many_programs", "many programs together take more memory than was granted"),
            Attack("locked_memory", "more memory is locked than the limit says"),
            Attack("hogging_the_processor", "busy programs take more than their share, or a neighbour does not answer"),
            Attack("a_program_without_end", "a busy program outlives its processor time, or raises it"),
            Attack("full_workspace", "a full workspace damages a file that was there"),
            Attack("full_folders", "a writable folder takes more bytes than its size"),
            Attack(
                "files_without_number",
                "empty files are made past the number granted",
                {GVISOR: "files are bounded by the memory that they take"},
            ),
            Attack("huge_files", "one file grows past the limit, sparse or not"),
            Attack("descriptors", "a program opens more files than the limit, or raises it"),
            Attack("watches_across_interviews", "one interview's file watches leave none for another"),
            Attack("pipes_across_interviews", "one interview's pipe buffers leave none for another"),
            Attack("message_queues", "kernel memory is put into message queues"),
            Attack("shared_segments", "memory is put into System V segments"),
            Attack(
                "nothing_is_logged",
                "the engine writes what a candidate prints to the host's disk",
                test="tests/attacks/test_ablation.py::test_a_line_taken_away_lets_its_attack_through",
                tried=(DOCKER,),
            ),
            Attack("core_files", "a crash writes memory to a disk"),
            Attack("flood_of_output", "a command's output grows the server's memory past its cap"),
            Attack("flood_in_a_terminal_that_nobody_reads", "output goes on while its reader stands still"),
            Attack("a_folder_of_thirty_thousand_files", "listing takes without end, or lists without end"),
            Attack("deep_folders_and_long_names", "a tree without end keeps the list from being made"),
            Attack("flood_of_changes", "a storm of changes grows the server's memory or stops the watch"),
        ),
    ),
    Group(
        "The network",
        "test_network.py",
        (
            Attack("connecting_out", "an address outside is reached, by any protocol"),
            Attack("metadata_of_the_cloud", "a metadata service is reached"),
            Attack("listeners_of_the_host", "a port that listens on the host, also on its loopback, is reached"),
            Attack("abstract_sockets_of_the_host", "an abstract socket of the host is reached or seen"),
            Attack("looking_up_names", "a name is resolved, or a name server told"),
        ),
    ),
    Group(
        "Path tricks through the file calls",
        "test_paths.py",
        (
            Attack("names_that_lead_out", "a name with dots, slashes, NUL or controls leaves the workspace"),
            Attack("links_that_lead_out", "a symbolic link is followed"),
            Attack("hard_links", "writing through one name of a file changes what another name holds"),
            Attack("files_that_are_no_files", "a pipe, socket, device or folder makes a call wait, or is read"),
            Attack("a_folder_swapped_for_a_link", "a folder swapped for a link in mid-call leads out"),
            Attack("a_file_swapped_for_a_pipe", "a file swapped for a pipe or a link makes a call wait or leads out"),
            Attack("the_servers_own_file_swapped", "the unfinished file of a write, swapped for a link, leads out"),
            Attack("names_that_are_no_text", "a name that is no text, or holds control characters, reaches a page"),
            Attack("a_file_that_grows_while_it_is_read", "more than the cap is read"),
            Attack("folders_without_permission", "a locked folder ends more than its own call"),
            Attack("the_workspace_taken_away", "the workspace itself is moved or replaced"),
        ),
    ),
    Group(
        "Interviews against each other",
        "test_neighbours.py",
        (
            Attack("processes_of_a_neighbour", "another interview's processes are seen"),
            Attack("signals_to_a_neighbour", "another interview's processes are signalled"),
            Attack("files_of_a_neighbour", "another interview's files are found, also where anybody may read"),
            Attack("memory_shared_with_a_neighbour", "shared memory, semaphores or queues are shared"),
            Attack("sockets_of_a_neighbour", "another interview's ports or abstract sockets are reached"),
            Attack("one_user_for_two", "two interviews run as one user of the host, or as the server's"),
            Attack("what_the_last_tenant_left", "anything of an ended interview is found by the next"),
            Attack("stopping_a_neighbour", "the end of one interview ends another"),
        ),
    ),
    Group(
        "Secrets and hidden tests",
        "test_secrets.py",
        (
            Attack("the_servers_environment", "a variable of the server's is found inside"),
            Attack("the_servers_descriptors", "an open file of the server's is open inside"),
            Attack("files_of_the_host", "a file of the host that is no program can be read"),
            Attack(
                "names_of_the_host",
                "a name or path of the host is told",
                dict.fromkeys((DOCKER, BUBBLEWRAP), "mountinfo names where on the host the mounted folders lie"),
            ),
            Attack(
                "hidden_tests", "hidden tests, solutions or the platform's own code lie where a candidate can read them"
            ),
            Attack("the_agent_on_disk", "the agent's program is replaced on disk"),
            Attack(
                "poison_for_the_next_agent", "files left for Python or the shell run in the agent when it starts again"
            ),
        ),
    ),
    Group(
        "Terminal abuse",
        "test_terminal.py",
        (
            Attack("questions_to_the_terminal", "an escape sequence makes the server type an answer"),
            Attack("forged_marks", "a program forges the shell's marks of commands and exit codes", FORGED),
            Attack("marks_without_end", "an endless mark grows the server's memory"),
            Attack("binary_garbage", "bytes that are no text are lost, or disturb another terminal"),
            Attack("a_line_of_a_megabyte", "an endless line blocks a terminal for good"),
            Attack("resizing_without_end", "a storm of sizes, or an impossible one, breaks a terminal"),
            Attack("opening_and_closing_without_end", "opened and closed terminals leave programs or threads"),
            Attack("more_terminals_than_there_are", "terminals are opened without end"),
            Attack("input_that_nobody_reads", "input that no program reads grows the server's memory"),
            Attack("a_terminal_that_is_held", "a program keeps a closed terminal, or itself, alive"),
        ),
    ),
    Group(
        "Faults of daemon, server and sandbox",
        "test_faults.py",
        (
            Attack(
                "killing_everything", "a candidate who kills all processes loses their files or holds up the interview"
            ),
            Attack("stopping_the_agent", "a stopped agent makes a call wait without end"),
            Attack("an_agent_starved_of_descriptors", "open files of programs keep the agent from working"),
            Attack(
                "after_a_dead_server",
                "what a dead server left runs on for good",
                test="tests/attacks/test_ablation.py::test_a_line_taken_away_lets_its_attack_through",
                tried=(DOCKER, BUBBLEWRAP),
            ),
            Attack(
                "an_agent_that_speaks_garbage",
                "bytes that are no frames, or frames that lie, harm the server",
                test="tests/unit/test_agent_client.py::test_whatever_an_agent_says_the_server_goes_on",
            ),
            Attack(
                "a_server_that_speaks_garbage",
                "bytes that are no frames make the agent do anything but end",
                test="tests/integration/test_bubblewrap.py::test_bytes_that_are_no_frames_end_the_agent_or_wait",
                tried=(BUBBLEWRAP,),
            ),
            Attack(
                "a_start_that_hangs",
                "a daemon that accepts a start and never answers holds up more than its deadline",
                test="tests/integration/test_docker.py::test_with_a_start_that_hangs",
                tried=(DOCKER,),
            ),
            Attack(
                "a_daemon_that_dies",
                "the daemon's death in mid-interview loses work",
                test="tests/integration/test_docker.py::test_a_daemon_that_dies_in_mid_interview",
                tried=(DOCKER,),
            ),
            Attack(
                "a_stream_that_is_cut",
                "a cut connection to the daemon is not noticed",
                test="tests/integration/test_docker.py::test_a_cut_stream_is_a_lost_sandbox",
                tried=(DOCKER,),
            ),
            Attack(
                "a_reaper_without_a_list",
                "an interview's container is removed because the daemon did not answer",
                test="tests/integration/test_docker_lifecycle.py::test_reaping_what_dead_servers_left",
                tried=(DOCKER,),
            ),
            Attack(
                "the_sandbox_ended_from_outside",
                "an ended container is not noticed at once, or not said in words",
                {GVISOR: "it is noticed with the next call or sign of life that stays out"},
            ),
            Attack("a_full_memory_and_a_full_disk", "memory and disk filled at once lose a file or hang the sandbox"),
            Attack("a_command_that_leaves_itself_running", "a command goes on behind its deadline"),
            Attack("a_command_under_a_made_up_mark", "a command goes on by saying that an earlier terminal began it"),
        ),
    ),
    Group(
        "Gaming of the grader",
        "test_grader.py",
        (
            Attack(
                "hooks_of_the_test_runner",
                "a conftest, a pytest.ini or a patched report turns failures into passes",
                test=f"{CHEAT}[hooks of a conftest]",
                tried=(BUBBLEWRAP,),
            ),
            Attack(
                "hooks_of_the_interpreter",
                "sitecustomize or a shadowed module runs in the grader",
                test=f"{CHEAT}[start-up hooks of the interpreter]",
                tried=(BUBBLEWRAP,),
            ),
            Attack(
                "patched_reports",
                "reports patched in memory or written over on disk are believed",
                test=f"{CHEAT}[reports of pytest patched]",
                tried=(BUBBLEWRAP,),
            ),
            Attack(
                "values_that_equal_everything",
                "a value that equals everything passes a comparison",
                test=f"{CHEAT}[values that equal everything]",
                tried=(BUBBLEWRAP,),
            ),
            Attack(
                "exits_and_forged_answers",
                "leaving early, at import or in a call, passes, also with answers forged at the end",
                test=f"{CHEAT}[exit in the call, answers forged at the end]",
                tried=(BUBBLEWRAP,),
            ),
            Attack(
                "forged_lines",
                "lines forged on every open descriptor are taken for results",
                test=f"{CHEAT}[lines forged on every descriptor]",
                tried=(BUBBLEWRAP,),
            ),
            Attack(
                "reading_the_tests",
                "the tests' source or expected values are read from files, processes, memory or environment",
                test=f"{CHEAT}[the tests' source, processes, memory and environment read]",
            ),
            Attack(
                "searching_the_caller",
                "expected values are found in the frames and objects of the caller",
                test=f"{CHEAT}[the caller's frames and objects searched]",
                tried=(BUBBLEWRAP,),
            ),
            Attack(
                "a_process_left_behind",
                "a process left behind answers for later tests",
                test=f"{CHEAT}[a process left behind that answers later]",
            ),
            Attack(
                "killing_the_grader",
                "killing everything ends the grading, or passes",
                test=f"{CHEAT}[everything killed]",
            ),
            Attack(
                "grading_without_end",
                "a loop, a flood or a full disk keeps the grading from ending",
                test=f"{CHEAT}[a loop without end]",
                tried=(BUBBLEWRAP,),
            ),
            Attack(
                "cheats_in_typescript",
                "a TypeScript program that patches, pollutes, forges or exits passes",
                test="tests/attacks/test_grader.py::test_a_cheat_in_typescript_scores_like_no_solution",
                tried=(BUBBLEWRAP,),
            ),
            Attack(
                "honest_solutions",
                "an honest solution fails because of the defences",
                test="tests/attacks/test_grader.py::test_the_honest_solution_passes",
            ),
        ),
    ),
)
ATTACKS = tuple(attack for group in GROUPS for attack in group.attacks)
BY_TEST: Mapping[str, Attack] = {f"test_{attack.id}": attack for attack in ATTACKS if not attack.test}
