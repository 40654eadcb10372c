"""The closed list of what can go wrong with a snapshot or a restore, in the words of the centre's people."""

from __future__ import annotations

from bidui.domain.coded import Coded


class ArchiveCode(Coded):
    """Codes, each with its Chinese text."""

    TOO_FEW_RECIPIENTS = (
        "too_few_recipients",
        "备份必须同时加密给两把不同的密钥（本中心备份密钥和异地保管密钥），请先用 bidui keys escrow 建立异地保管密钥",
    )
    PROGRAM_MISSING = "program_missing", "找不到 Postgres 客户端程序，请安装或设置 BIDUI_PG_BIN"
    PROGRAM_TOO_OLD = "program_too_old", "Postgres 客户端程序比服务器旧，请换用同版本或更新的"
    PROGRAM_FAILED = "program_failed", "Postgres 客户端程序没有做完"
    NOT_WRITTEN = "not_written", "备份文件写不下去"
    OBJECT_UNREADABLE = "object_unreadable", "密封库中有一份内容打不开，请先从较早的备份中取回"
    NO_SNAPSHOT = "no_snapshot", "没有这份备份"
    PART_MISSING = "part_missing", "备份缺少文件"
    PART_DAMAGED = "part_damaged", "备份文件已损坏或被改动"
    WRONG_KEY = "wrong_key", "这把密钥打不开这份备份"
    KEY_UNUSABLE = "key_unusable", "密钥文件读不出来，或者里面没有 age 私钥"
    UNKNOWN_FORM = "unknown_form", "这份备份是更新版本的程序做的，请用当时的版本恢复"
    NOT_ON_RECORD = "not_on_record", "备份清单与台账登记的不是同一份"
    NO_TARGET = "no_target", "没有设置恢复演练用的服务器（BIDUI_DRILL_DB 和 secrets/db_drill）"
    TARGET_UNREACHABLE = "target_unreachable", "目标服务器连不上，或者管理员口令不对"
    TARGET_IS_SOURCE = "target_is_source", "目标服务器就是这份备份的来源，不能恢复到它自己上面"
    TARGET_TOO_OLD = "target_too_old", "目标服务器的 Postgres 版本低于备份时的版本"
    TARGET_NOT_FRESH = "target_not_fresh", "目标服务器上已有同名的数据库或角色，只能恢复到全新的服务器"
    TARGET_FAILED = "target_failed", "目标服务器在恢复途中出错，已退回恢复前的样子"
    NO_VAULT_KEY = "no_vault_key", "没有可用来密封恢复内容的本中心公钥，请先放回 keys 文件夹或运行 bidui keys init"


class ArchiveError(RuntimeError):
    """A snapshot or restore was refused or failed. It says the code's text and names of things: never a value."""

    def __init__(self, code: ArchiveCode, *names: str) -> None:
        super().__init__(code.meaning + (f"：{'、'.join(names)}" if names else ""))
        self.code = code
