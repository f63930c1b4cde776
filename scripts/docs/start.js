/* Renders /openapi.json with Swagger UI, which swagger-ui-bundle.js defines. */
globalThis.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: "none",
});
