// swift-tools-version: 6.0
import PackageDescription

// Generated/ is made by generate.sh and stands in no commit: the sources of the boundary, and the native library.
let package = Package(
    name: "Fieldward",
    platforms: [.macOS(.v12), .iOS(.v15)],
    products: [.library(name: "Fieldward", targets: ["Fieldward"])],
    targets: [
        .target(name: "Fieldward", dependencies: ["FieldwardNative"]),
        .target(name: "FieldwardNative", dependencies: ["FieldwardNativeFFI"], path: "Generated/FieldwardNative"),
        native,
        .executableTarget(name: "examples", dependencies: ["Fieldward"], path: "Examples"),
        // the language's part of core/vectors/exchange
        .executableTarget(name: "exchange", dependencies: ["Fieldward"], path: "Exchange"),
        .testTarget(name: "FieldwardTests", dependencies: ["Fieldward", "FieldwardNative"]),
    ],
    swiftLanguageModes: [.v6]
)

/// Apple systems take the XCFramework of scripts/xcframework.sh, others a library on the linker's path.
var native: Target {
    #if os(macOS)
    .binaryTarget(name: "FieldwardNativeFFI", path: "Generated/FieldwardNativeFFI.xcframework")
    #else
    .systemLibrary(name: "FieldwardNativeFFI", path: "Generated/FieldwardNativeFFI")
    #endif
}
