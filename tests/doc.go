// Package tests is the root of the module that runs the program from outside:
// the local sandbox, its stand-in providers and the end-to-end tests.
package tests
