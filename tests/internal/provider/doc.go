// Package provider is the part that every stand-in for a Pulumi provider
// plugin shares: a gRPC server that an engine attaches to through
// PULUMI_DEBUG_PROVIDERS, and, done once for all resource types, strict
// decoding of inputs, checks, differences, replacement, default tags, secrets,
// values unknown in preview and creations that stop half-way.
//
// A stand-in is a [Package]: a table of resource types, each a [Kind], and of
// functions, each a [Function].
package provider
