package fieldward

/** The states of a key version, as NIST SP 800-57 names them. */
enum class KeyState(internal val text: String) {
    PRE_ACTIVE("pre-active"),
    ACTIVE("active"),
    SUSPENDED("suspended"),
    DEACTIVATED("deactivated"),
    COMPROMISED("compromised"),
    DESTROYED("destroyed"),
    ;

    internal companion object {
        fun of(text: String): KeyState = entries.find { it.text == text } ?: refuse("internal")
    }
}

/** The keyring at one moment. Holds no secret. */
class KeyringStatus internal constructor(status: fieldward.ffi.Status) {
    /** The keyring's id. */
    val keyringId: String = status.keyringId

    /** The document's generation. */
    val generation: ULong = status.generation

    /** The root epoch. */
    val epoch: UInt = status.epoch

    /** When this was computed, in seconds since 1970. */
    val time: Long = status.time

    /** When the document was last read and verified, in seconds since 1970. */
    val verifiedAt: Long = status.verifiedAt

    /** The version that encrypts. */
    val currentVersion: UInt = status.currentVersion

    /** Since when, in seconds since 1970. */
    val currentSince: Long = status.currentSince

    /** Every data key version, oldest first. */
    val versions: List<VersionStatus> = status.versions.map(::VersionStatus)

    /** Every index key, oldest first. */
    val indexKeys: List<IndexKeyStatus> = status.indexKeys.map(::IndexKeyStatus)

    /** The providers that can open the document. */
    val providers: List<ProviderStatus> = status.providers.map(::ProviderStatus)
}

/** A data key version at one moment. */
class VersionStatus internal constructor(status: fieldward.ffi.VersionStatus) {
    /** Its number, from 1. */
    val version: UInt = status.version

    /** What envelopes name it by, eight hexadecimal digits. */
    val keyId: String = status.keyId

    /** Its effective state. */
    val state: KeyState = KeyState.of(status.state)

    /** Whether it encrypts now. */
    val isCurrent: Boolean = status.isCurrent

    /** When it was made, in seconds since 1970. */
    val created: Long = status.created

    /** When it takes over, if it waits. */
    val activeFrom: Long? = status.activeFrom

    /** Once it is destroyed: the provider keys under which older copies of the document still open. None of them: it is erased. */
    val remaining: List<HeldKey>? = status.remaining?.map(::HeldKey)
}

/** An index key at one moment. */
class IndexKeyStatus internal constructor(status: fieldward.ffi.IndexKeyStatus) {
    /** Its number, from 1. */
    val number: UInt = status.number

    /** When it was made, in seconds since 1970. */
    val created: Long = status.created

    /** Whether it is destroyed. */
    val isDestroyed: Boolean = status.isDestroyed
}

/** A provider's entry. */
class ProviderStatus internal constructor(status: fieldward.ffi.ProviderStatus) {
    /** The caller's name for it. */
    val name: String = status.name

    /** Its kind. */
    val kind: String = status.kind

    /** The key that wraps the root. */
    val keyName: String = status.keyName

    /** Whether the library had it made for this epoch, so that it can be destroyed with it. */
    val isMade: Boolean = status.isMade
}

/** Numbers of what replaced a compromised root. */
class RootReplaced internal constructor(replaced: fieldward.ffi.RootReplaced) {
    /** The new epoch. */
    val epoch: UInt = replaced.epoch

    /** The new version. */
    val version: UInt = replaced.version

    /** The new index key. Re-indexing is due. */
    val indexKey: UInt = replaced.indexKey
}
