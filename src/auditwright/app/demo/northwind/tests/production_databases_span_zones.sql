-- id: northwind.production-databases-span-zones
-- title: Every production database runs in two zones
-- rationale: Customers are promised that the loss of one data center stops no robot.
-- controls: BCP-07
-- severity: high
-- population: database
-- remediation: RDS > the database > Modify > Multi-AZ DB instance deployment; or `multi_az = true` in Terraform.

-- A test in SQL answers one row for each item of its population, with its id, an outcome (satisfied, deviation,
-- not applicable, undetermined) and a reason. What was not seen is NULL, which must not turn into a pass:
-- here `multi_zone IS NULL` falls through to undetermined.
SELECT id,
       CASE
         WHEN account = '286417730952' THEN 'not applicable'
         WHEN multi_zone THEN 'satisfied'
         WHEN NOT multi_zone THEN 'deviation'
         ELSE 'undetermined'
       END AS outcome,
       CASE
         WHEN account = '286417730952' THEN 'staging'
         WHEN multi_zone THEN ''
         WHEN NOT multi_zone THEN 'it runs in one zone only'
         ELSE 'whether it runs in two zones was not seen'
       END AS reason
FROM database
