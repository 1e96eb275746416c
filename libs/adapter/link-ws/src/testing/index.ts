export { startScriptedManager, type ScriptedManager, type ScriptedManagerOptions } from './scripted-manager.ts';
