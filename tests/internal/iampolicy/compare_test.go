package iampolicy

import (
	"slices"
	"testing"
)

func document(t *testing.T, statements string) Document {
	t.Helper()
	parsed, err := Parse(`{"Version": "2012-10-17", "Statement": [` + statements + `]}`)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

const (
	readOne = `{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": ["arn:aws:s3:::media/*", "arn:aws:s3:::media"]}`
	trust   = `{"Sid": "A", "Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole",
		"Condition": {"StringEquals": {"aws:SourceAccount": "1"}, "ArnLike": {"aws:SourceArn": "arn:aws:ecs:eu-west-2:1:*"}}}`
)

func TestANarrowerOrEqualPolicyIsNotWider(t *testing.T) {
	for what, each := range map[string]struct{ before, after string }{
		"the same":                      {readOne, readOne},
		"another name":                  {trust, `{"Sid": "B", "Effect": "Allow", "Principal": {"Service": ["ecs-tasks.amazonaws.com"]}, "Action": ["sts:AssumeRole"], "Condition": {"StringEquals": {"AWS:SourceAccount": ["1"]}, "ArnLike": {"aws:SourceArn": "arn:aws:ecs:eu-west-2:1:*"}}}`},
		"an action less":                {readOne, `{"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::media/*", "arn:aws:s3:::media"]}`},
		"another case of an action":     {readOne, `{"Effect": "Allow", "Action": "S3:getobject", "Resource": "arn:aws:s3:::media"}`},
		"a part of the resources":       {readOne, `{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/a/*"}`},
		"two statements made of one":    {readOne, `{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media"}, {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::media/*"}`},
		"actions named one by one":      {`{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}`, readOne},
		"a condition more":              {readOne, `{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}`},
		"a narrower pattern":            {trust, `{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"aws:SourceAccount": "1"}, "ArnLike": {"aws:SourceArn": "arn:aws:ecs:eu-west-2:1:cluster/*"}}}`},
		"a value less":                  {`{"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {"StringEquals": {"k": ["1", "2"]}}}`, `{"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {"StringEquals": {"k": "2"}}}`},
		"an excluded value more":        {`{"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {"StringNotEquals": {"k": ["1"]}}}`, `{"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {"StringNotEquals": {"k": ["1", "2"]}}}`},
		"everybody written differently": {`{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "a:b"}`, `{"Effect": "Allow", "Principal": "*", "Action": "a:b"}`},
		"one of everybody":              {`{"Effect": "Allow", "Principal": "*", "Action": "a:b"}`, `{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:role/x"}, "Action": "a:b"}`},
		"a denial more":                 {readOne, readOne + `, {"Effect": "Deny", "Action": "*", "Resource": "*"}`},
		"a wider denial":                {readOne + `, {"Effect": "Deny", "Action": "s3:Put*", "Resource": "arn:aws:s3:::media"}`, readOne + `, {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}`},
		"the same exclusion":            {`{"Sid": "A", "Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}`, `{"Sid": "B", "Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}`},
		"a statement less":              {readOne + "," + trust, readOne},
	} {
		if got := Widened(document(t, each.before), document(t, each.after)); len(got) > 0 {
			t.Errorf("%s: %q", what, got)
		}
	}
}

func TestAWiderPolicyIsFound(t *testing.T) {
	for what, each := range map[string]struct {
		before, after string
		want          []string
	}{
		"an action more":             {readOne, `{"Effect": "Allow", "Action": ["s3:GetObject", "s3:DeleteObject"], "Resource": "arn:aws:s3:::media"}`, []string{"allows s3:DeleteObject on arn:aws:s3:::media"}},
		"a wider action":             {readOne, `{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::media"}`, []string{"allows s3:* on arn:aws:s3:::media"}},
		"a wider action of one sign": {readOne, `{"Effect": "Allow", "Action": "s3:GetObjec?", "Resource": "arn:aws:s3:::media"}`, []string{"allows s3:GetObjec? on arn:aws:s3:::media"}},
		"a resource more":            {readOne, `{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::other/*"}`, []string{"allows s3:GetObject on arn:aws:s3:::other/*"}},
		"a wider resource":           {readOne, `{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media*"}`, []string{"allows s3:GetObject on arn:aws:s3:::media*"}},
		"a sign that stands for any": {`{"Effect": "Allow", "Action": "a:b", "Resource": "x?"}`, `{"Effect": "Allow", "Action": "a:b", "Resource": "x*"}`, []string{"allows a:b on x*"}},
		"mixed grants":               {`{"Effect": "Allow", "Action": "a:b", "Resource": "x"}, {"Effect": "Allow", "Action": "a:c", "Resource": "y"}`, `{"Effect": "Allow", "Action": ["a:b", "a:c"], "Resource": "x"}`, []string{"allows a:c on x"}},
		"a condition less": {trust, `{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"aws:SourceAccount": "1"}}}`,
			[]string{"allows sts:AssumeRole to Service ecs-tasks.amazonaws.com without the condition ArnLike aws:SourceArn arn:aws:ecs:eu-west-2:1:*"}},
		"no condition": {trust, `{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}`,
			[]string{"allows sts:AssumeRole to Service ecs-tasks.amazonaws.com without the condition ArnLike aws:SourceArn arn:aws:ecs:eu-west-2:1:* and StringEquals aws:SourceAccount 1"}},
		"another value of a condition": {trust, `{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"aws:SourceAccount": ["1", "2"]}, "ArnLike": {"aws:SourceArn": "arn:aws:ecs:eu-west-2:1:*"}}}`,
			[]string{"allows sts:AssumeRole to Service ecs-tasks.amazonaws.com without the condition StringEquals aws:SourceAccount 1"}},
		"a wider pattern": {trust, `{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"aws:SourceAccount": "1"}, "ArnLike": {"aws:SourceArn": "arn:aws:ecs:*:1:*"}}}`,
			[]string{"allows sts:AssumeRole to Service ecs-tasks.amazonaws.com without the condition ArnLike aws:SourceArn arn:aws:ecs:eu-west-2:1:*"}},
		"a weaker operator": {`{"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {"StringEquals": {"k": "1"}}}`, `{"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {"StringEqualsIfExists": {"k": "1"}}}`,
			[]string{"allows a:b on * without the condition StringEquals k 1"}},
		"an excluded value less": {`{"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {"StringNotEquals": {"k": ["1", "2"]}}}`, `{"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {"StringNotEquals": {"k": ["1"]}}}`,
			[]string{"allows a:b on * without the condition StringNotEquals k 1, 2"}},
		"an operator nobody knows": {`{"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {"NumericLessThan": {"k": "1"}}}`, `{"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {"NumericLessThan": {"k": "2"}}}`,
			[]string{"allows a:b on * without the condition NumericLessThan k 1"}},
		"a further account": {
			`{"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {"ArnLike": {"k": "arn:aws:ecs:*:1:*"}}}`,
			`{"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {"ArnLike": {"k": "arn:aws:ecs:eu-west-2:9:1:*"}}}`,
			[]string{"allows a:b on * without the condition ArnLike k arn:aws:ecs:*:1:*"}},
		"a resource of a further account": {
			`{"Effect": "Allow", "Action": "a:b", "Resource": "arn:aws:ecs:*:1:*"}`, `{"Effect": "Allow", "Action": "a:b", "Resource": "arn:aws:ecs:eu-west-2:9:1:x"}`,
			[]string{"allows a:b on arn:aws:ecs:eu-west-2:9:1:x"}},
		"what a variable stands for": {
			`{"Effect": "Allow", "Action": "a:b", "Resource": "arn:aws:s3:::b/${*}"}`, `{"Effect": "Allow", "Action": "a:b", "Resource": "arn:aws:s3:::b/${x}"}`,
			[]string{"allows a:b on arn:aws:s3:::b/${x}"}},
		"also without the key": {
			`{"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {"StringEquals": {"k": "1"}}}`, `{"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {"StringEqualsIfExists": {"k": "1"}}}`,
			[]string{"allows a:b on * without the condition StringEquals k 1"}},
		"also with no value": {
			`{"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {"StringEquals": {"k": "1"}}}`, `{"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {"ForAllValues:StringEquals": {"k": "1"}}}`,
			[]string{"allows a:b on * without the condition StringEquals k 1"}},
		"a principal more":         {trust, trust + `, {"Effect": "Allow", "Principal": {"AWS": "2"}, "Action": "sts:AssumeRole"}`, []string{"allows sts:AssumeRole to AWS 2"}},
		"everybody":                {`{"Effect": "Allow", "Principal": {"AWS": "1"}, "Action": "a:b"}`, `{"Effect": "Allow", "Principal": "*", "Action": "a:b"}`, []string{"allows a:b to everybody"}},
		"a service in everybody":   {`{"Effect": "Allow", "Principal": "*", "Action": "a:b"}`, `{"Effect": "Allow", "Principal": {"Service": "s"}, "Action": "a:b"}`, []string{"allows a:b to Service s"}},
		"a principal of no one":    {`{"Effect": "Allow", "Action": "a:b", "Resource": "*"}`, `{"Effect": "Allow", "Principal": {"AWS": "1"}, "Action": "a:b", "Resource": "*"}`, []string{"allows a:b on * to AWS 1"}},
		"a denial less":            {readOne + `, {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}`, readOne, []string{"no longer denies s3:PutObject on *"}},
		"a narrower denial":        {readOne + `, {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}`, readOne + `, {"Effect": "Deny", "Action": "s3:Put*", "Resource": "*"}`, []string{"no longer denies s3:* on *"}},
		"a denial with conditions": {readOne + `, {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}`, readOne + `, {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"k": "true"}}}`, []string{"no longer denies s3:* on *"}},
		"a denial made a grant":    {readOne + `, {"Effect": "Deny", "Action": "a:b", "Resource": "*"}`, readOne + `, {"Effect": "Allow", "Action": "a:b", "Resource": "*"}`, []string{"allows a:b on *", "no longer denies a:b on *"}},
		"another exclusion":        {`{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}`, `{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}`, []string{"allows every action but s3:* on *"}},
		"excluded resources":       {readOne, `{"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "x"}`, []string{"allows s3:GetObject on everything but x"}},
		"excluded principals":      {trust, `{"Effect": "Allow", "NotPrincipal": {"AWS": "1"}, "Action": "sts:AssumeRole"}`, []string{"allows sts:AssumeRole to everybody but AWS 1"}},
	} {
		if got := Widened(document(t, each.before), document(t, each.after)); !slices.Equal(got, each.want) {
			t.Errorf("%s: %q", what, got)
		}
	}
	older := document(t, readOne)
	older.Version = "2008-10-17"
	if got := Widened(document(t, readOne), older); !slices.Equal(got, []string{`is in version "2008-10-17" of the policy language, not "2012-10-17"`}) {
		t.Errorf("another version: %q", got)
	}
}

func TestADocumentWithoutStatementsAllowsNothing(t *testing.T) {
	if got := Widened(Document{Version: "2012-10-17"}, document(t, readOne)); len(got) != 4 {
		t.Errorf("%q", got)
	}
}
