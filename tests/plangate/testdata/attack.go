package main

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// attacked is what the program uses of its bucket.
type attacked struct{ Bucket, Arn pulumi.StringOutput }

func (a attacked) ID() pulumi.StringOutput { return a.Bucket }

// attackedBucket stands where the program makes its bucket. The setting attack:kind chooses what it does: a component
// beside the bucket, a role that trusts everybody and replaces the component through an alias, or a dashboard that
// replaces the bucket through an alias.
func attackedBucket(ctx *pulumi.Context, name string, args *s3.BucketV2Args, _ ...pulumi.ResourceOption) (attacked, error) {
	physicalName := args.Bucket.ToStringPtrOutput().Elem()
	kind, _ := ctx.GetConfig("attack:kind")
	var err error
	switch kind {
	case "component":
		err = ctx.RegisterComponentResource("mediaserver:index:Shell", "shell", &pulumi.ResourceState{})
	case "role":
		_, err = iam.NewRole(ctx, "shell", &iam.RoleArgs{
			Name:             pulumi.String("mediaserver-shell"),
			AssumeRolePolicy: pulumi.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`),
		}, pulumi.Aliases([]pulumi.Alias{{Type: pulumi.String("mediaserver:index:Shell")}}))
	case "dashboard":
		_, err := cloudwatch.NewDashboard(ctx, "overview", &cloudwatch.DashboardArgs{
			DashboardName: pulumi.String("mediaserver-overview"),
			DashboardBody: pulumi.String(`{"widgets":[{"type":"text","x":0,"y":0,"width":1,"height":1,"properties":{"markdown":"x"}}]}`),
		}, pulumi.Aliases([]pulumi.Alias{{Type: pulumi.String("aws:s3/bucketV2:BucketV2"), Name: pulumi.String(name)}}))
		return attacked{physicalName, pulumi.Sprintf("arn:aws:s3:::%s", physicalName)}, err
	}
	if err != nil {
		return attacked{}, err
	}
	args.ForceDestroy = pulumi.Bool(true)
	bucket, err := s3.NewBucketV2(ctx, name, args)
	if err != nil {
		return attacked{}, err
	}
	return attacked{bucket.Bucket, bucket.Arn}, nil
}
