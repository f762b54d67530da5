# Made from the templates of CloudFormation by `make templates`.

output "ApplicationId" {
  description = "The application, for the other stacks to register with"
  value       = aws_cloudformation_stack.application.outputs["ApplicationId"]
}

output "ApplicationTag" {
  description = "Value of the tag awsApplication, for the resources of the other stacks"
  value       = aws_cloudformation_stack.application.outputs["ApplicationTag"]
}

output "KeyArn" {
  description = "The key that encrypts everything"
  value       = aws_cloudformation_stack.state.outputs["KeyArn"]
}

output "LakeBucket" {
  description = "The bucket of the lake"
  value       = aws_cloudformation_stack.state.outputs["LakeBucket"]
}

output "CodeBucket" {
  description = "The bucket that packages and releases are put into"
  value       = aws_cloudformation_stack.state.outputs["CodeBucket"]
}

output "Store" {
  description = "Address of the store"
  value       = aws_cloudformation_stack.state.outputs["Store"]
}

output "Lake" {
  description = "Address of the lake"
  value       = aws_cloudformation_stack.state.outputs["Lake"]
}

output "DatabaseName" {
  description = "Database of the tables in Glue and Athena"
  value       = aws_cloudformation_stack.lake.outputs["DatabaseName"]
}

output "WorkgroupName" {
  description = "Workgroup for questions"
  value       = aws_cloudformation_stack.lake.outputs["WorkgroupName"]
}

output "HubAccount" {
  description = "The account of the hub, for members"
  value       = aws_cloudformation_stack.hub.outputs["HubAccount"]
}

output "HubPrefix" {
  description = "What the names of the hub begin with, for members"
  value       = aws_cloudformation_stack.hub.outputs["HubPrefix"]
}

output "BusArn" {
  description = "Where members forward events to"
  value       = aws_cloudformation_stack.hub.outputs["BusArn"]
}

output "TopicArn" {
  description = "The topic for messages"
  value       = aws_cloudformation_stack.hub.outputs["TopicArn"]
}

output "QueueUrl" {
  description = "The queue of passes"
  value       = aws_cloudformation_stack.hub.outputs["QueueUrl"]
}

output "DeadLetterQueueUrl" {
  description = "What could not be done, to be looked at"
  value       = aws_cloudformation_stack.hub.outputs["DeadLetterQueueUrl"]
}

output "ServiceToken" {
  description = "ServiceToken of custom resources for schedules, periods and overrides"
  value       = aws_cloudformation_stack.hub.outputs["ServiceToken"]
}

output "RemoteFunction" {
  description = "The function that runs commands from afar"
  value       = aws_cloudformation_stack.hub.outputs["RemoteFunction"]
}

output "Wake" {
  description = "Group and name of the schedule that wakes the clock"
  value       = aws_cloudformation_stack.hub.outputs["Wake"]
}

output "CollectFunction" {
  description = "The function that counts usage"
  value       = aws_cloudformation_stack.data.outputs["CollectFunction"]
}

output "IngestFunction" {
  description = "The function that loads bills"
  value       = aws_cloudformation_stack.data.outputs["IngestFunction"]
}

output "ReportFunction" {
  description = "The function that writes reports"
  value       = aws_cloudformation_stack.data.outputs["ReportFunction"]
}

output "DashboardName" {
  description = "The dashboard"
  value       = one(aws_cloudformation_stack.watch[*].outputs["DashboardName"])
}
