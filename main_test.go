package main

import (
	"errors"
	"testing"
)

func TestAFaultOfTheProgramEndsIt(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a resource that cannot be registered is passed on")
		}
	}()
	must(0, errors.New("an argument is missing"))
}
