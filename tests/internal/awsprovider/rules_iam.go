package awsprovider

import (
	"regexp"
)

var (
	iamNamePattern = regexp.MustCompile(`^[\w+=,.@-]+$`)
	policyName     = textRule{1, 128, iamNamePattern, "only letters, digits and _+=,.@-"}
	policyArn      = regexp.MustCompile(`^arn:[^:]+:iam::(aws|\d{12}):policy/.+$`)
)
