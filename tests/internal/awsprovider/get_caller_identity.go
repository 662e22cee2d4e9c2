package awsprovider

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/sts"
)

type identityResult struct {
	ID        string `pulumi:"id"`
	AccountID string `pulumi:"accountId"`
	Arn       string `pulumi:"arn"`
	UserID    string `pulumi:"userId"`
}

var getCallerIdentity = &function[none, identityResult]{
	Token: "aws:index/getCallerIdentity:getCallerIdentity",
	Call:  lookUpCallerIdentity,
}

func lookUpCallerIdentity(ctx context.Context, client *api, _ *none) (*identityResult, error) {
	found, err := client.STS.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, err
	}
	return &identityResult{
		ID: deref(found.Account), AccountID: deref(found.Account), Arn: deref(found.Arn), UserID: deref(found.UserId),
	}, nil
}
