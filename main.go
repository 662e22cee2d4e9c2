// Command mediaserver is a Pulumi program that builds the AWS infrastructure of
// a media server: 36 resources in the default VPC of a region, or in another
// one, from the bucket that holds the media to the dashboard that shows how it
// is served.
//
// Each phase takes the outputs of the phases that it builds on as its inputs and
// returns its own outputs. The phases and steps in their comments are those of
// docs/resources.md.
package main

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

func main() {
	pulumi.Run(deploy)
}

// deploy checks the settings and the account, registers the whole stack and
// exports its outputs.
func deploy(ctx *pulumi.Context) error {
	settings, err := loadSettings(ctx)
	if err != nil {
		return err
	}
	environment, err := discoverEnvironment(ctx, settings)
	if err != nil {
		return err
	}
	if err := settings.validateFor(ctx, environment); err != nil {
		return err
	}
	outputs, err := createStack(ctx, settings, environment)
	if err != nil {
		return err
	}
	for name, value := range outputs {
		ctx.Export(name, value)
	}
	return nil
}

// createStack runs the phases in the order in which they depend on each other
// and returns the outputs of the stack. The application's deploy script reads
// the outputs, so their names are a contract. None of them is a secret. The
// README says of each what the comment beside it says.
func createStack(ctx *pulumi.Context, settings settings, environment environmentOutputs) (pulumi.Map, error) {
	securityGroups, err := createSecurityGroups(ctx, settings, environment)
	if err != nil {
		return nil, err
	}
	loadBalancer, err := createLoadBalancer(ctx, settings, environment, securityGroups)
	if err != nil {
		return nil, err
	}
	certificate, err := createCertificate(ctx, settings, environment)
	if err != nil {
		return nil, err
	}
	listeners, err := createListeners(ctx, settings, loadBalancer, certificate)
	if err != nil {
		return nil, err
	}
	randomValues, err := createRandomValues(ctx, settings)
	if err != nil {
		return nil, err
	}
	storage, err := createStorage(ctx, settings, randomValues)
	if err != nil {
		return nil, err
	}
	parameters, err := createParameters(ctx, settings, environment, randomValues, storage)
	if err != nil {
		return nil, err
	}
	logGroups, err := createLogGroups(ctx, settings)
	if err != nil {
		return nil, err
	}
	roles, err := createRoles(ctx, settings, environment, storage, parameters, logGroups)
	if err != nil {
		return nil, err
	}
	repository, err := createRegistry(ctx, settings, roles)
	if err != nil {
		return nil, err
	}
	cluster, err := createCluster(ctx, settings, listeners)
	if err != nil {
		return nil, err
	}
	taskDefinition, err := createTaskDefinition(ctx, settings,
		environment, storage, repository, roles, parameters, logGroups)
	if err != nil {
		return nil, err
	}
	receivers, err := createReceivers(ctx, settings, environment)
	if err != nil {
		return nil, err
	}
	trafficAlarms, err := createTrafficAlarms(ctx, settings, environment, loadBalancer, logGroups, receivers)
	if err != nil {
		return nil, err
	}
	service, err := createService(ctx, settings,
		environment, securityGroups, loadBalancer, listeners, roles, cluster, taskDefinition, trafficAlarms)
	if err != nil {
		return nil, err
	}
	if err := createScaling(ctx, settings, service); err != nil {
		return nil, err
	}
	taskAlarms, err := createTaskAlarms(ctx, settings, environment, loadBalancer, service, receivers)
	if err != nil {
		return nil, err
	}
	dashboard, err := createDashboard(ctx, settings,
		environment, loadBalancer, service, storage, append(trafficAlarms.alarms, taskAlarms...))
	if err != nil {
		return nil, err
	}
	return pulumi.Map{
		"albDnsName":           loadBalancer.balancer.DnsName,           // Public host name of the load balancer
		"appUrl":               listeners.url,                           // Where users reach the application, with `https://` or `http://`
		"bucketName":           storage.bucketName,                      // Name of the media bucket
		"ecrRepositoryUrl":     repository.RepositoryUrl,                // Where to push the image, without a tag
		"ecsClusterName":       service.clusterName,                     // Name of the cluster
		"ecsServiceName":       service.serviceName,                     // Name of the service
		"taskDefinitionArn":    taskDefinition.Arn,                      // Task definition revision that the stack wants to run
		"taskDefinitionFamily": taskDefinition.Family,                   // Family of the task definition
		"containerName":        pulumi.String(settings.containerName()), // Name of the container
		"containerPort":        pulumi.Int(settings.appPort),            // Port of the container
		"logGroupName":         logGroups.ecs.Name,                      // Log group of the containers' output
		"appLogGroupName":      logGroups.app.Name,                      // Log group that the application itself writes to
		"dashboardName":        dashboard.dashboard.DashboardName,       // Name of the dashboard
		"dashboardUrl":         dashboard.url,                           // Address of the dashboard
		"region":               pulumi.String(environment.region),       // Region of the stack
		"jwtSecretParameter":   parameters.jwtSecret.Name,               // Parameter with the JWT secret
		"appConfigParameter":   parameters.appConfig.Name,               // Parameter with the application's configuration
		"bucketNameParameter":  parameters.bucketName.Name,              // Parameter with the bucket's name
	}, nil
}
