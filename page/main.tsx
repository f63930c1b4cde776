/// <reference lib="dom" />
import { render } from "preact";
import { Page } from "./page.tsx";
import { followAddress } from "./page_state.ts";

followAddress();
render(<Page />, document.getElementById("page")!);
