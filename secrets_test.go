package main

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func TestTheJWTSecretIsSecretEvenIfItsProviderForgets(t *testing.T) {
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		values, err := createRandomValues(ctx, settings{})
		if err != nil {
			return err
		}
		if !pulumi.IsSecret(values.jwtSecret) {
			t.Error("the JWT secret left its phase as a plain value")
		}
		if pulumi.IsSecret(values.bucketSuffix) {
			t.Error("the bucket suffix is a secret: it would hide the name of the bucket")
		}
		return nil
	}, newRecorder().options("mediaserver", nil)...)
	if err != nil {
		t.Fatal(err)
	}
}
