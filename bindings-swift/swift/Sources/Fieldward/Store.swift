internal import FieldwardNative

/// Where the documents of keyrings are kept: wrapped keys only.
public struct Store: Sendable {
    let native: FieldwardNative.Store

    /// One file per keyring in a directory, atomic and durable. It brings a pin of its own, in the user's state directory.
    public static func file(_ directory: String) -> Store { Store(native: .file(directory: directory)) }

    /// Documents in memory, for tests and demonstrations.
    public static func memory() -> Store { Store(native: .memory()) }
}

/// What remembers how far a keyring's document has come, so that an older one is refused.
public struct Pin: Sendable {
    let native: FieldwardNative.Pin

    /// Pins in a directory out of reach of whoever writes the store.
    public static func file(_ directory: String) -> Pin { Pin(native: .file(directory: directory)) }

    /// A pin in memory: refuses older documents for as long as it lives.
    public static func memory() -> Pin { Pin(native: .memory()) }
}
