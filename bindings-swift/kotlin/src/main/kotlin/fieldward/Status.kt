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
    /** The document's generation. */
    val generation: ULong = status.generation

    /** The root epoch. */
    val epoch: UInt = status.epoch

    /** When the document was last read and verified, in seconds since 1970. */
    val verifiedAt: Long = status.verifiedAt

    /** The version that encrypts. */
    val currentVersion: UInt = status.currentVersion

    /** Every data key version, oldest first. */
    val versions: List<VersionStatus> = status.versions.map(::VersionStatus)

    /** The names of the providers that can open the document. */
    val providers: List<String> = status.providers
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
}

/** How far a destruction reached. */
class Destruction internal constructor(reached: fieldward.ffi.Destruction) {
    /** What was destroyed, such as `version 3`. */
    val target: String = reached.target

    /** The root epoch that no longer holds it. */
    val epoch: UInt = reached.epoch

    /** Whether no copy of any document opens it any more. */
    val isErased: Boolean = reached.isErased

    /** The provider keys under which older copies of the document still open. */
    val remaining: List<String> = reached.remaining
}
