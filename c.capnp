using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = ( services = [(name = "main", worker = .worker)], sockets = [(name = "http", address = "127.0.0.1:18501", http = (), service = "main")]);
const worker :Workerd.Worker = (modules = [(name = "worker.js", esModule = embed "worker.js")], bindings = [], compatibilityDate = "2026-10-01");
