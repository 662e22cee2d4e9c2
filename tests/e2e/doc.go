// Package e2e deploys the program with the Pulumi CLI into an emulated AWS account and looks at what is
// there. All of it is tests.
package e2e
