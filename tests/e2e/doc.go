// Package e2e deploys the program with the Pulumi CLI into an emulated AWS account and looks at what is
// there. Each test has a sandbox of its own: an empty account and an empty stack. All of it is tests.
package e2e
